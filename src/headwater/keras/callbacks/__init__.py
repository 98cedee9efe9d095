"""`keras.callbacks`: what happens at the moments of training."""

from headwater.keras.callbacks._averages import SwapEMAWeights
from headwater.keras.callbacks._backup import BackupAndRestore
from headwater.keras.callbacks._base import Callback, CallbackList, History
from headwater.keras.callbacks._files import CSVLogger, ModelCheckpoint
from headwater.keras.callbacks._progress import Progbar, ProgbarLogger
from headwater.keras.callbacks._tensorboard import TensorBoard
from headwater.keras.callbacks._watching import (
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
    TerminateOnNaN,
)

__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback",
    "LearningRateScheduler", "ModelCheckpoint", "Progbar", "ProgbarLogger", "ReduceLROnPlateau", "SwapEMAWeights",
    "TensorBoard", "TerminateOnNaN",
]  # fmt: skip
