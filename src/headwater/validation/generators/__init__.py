"""Further statistics, computed beside the common ones: subclass `StatsGenerator`, and pass it in `StatsOptions`.

>>> import headwater.validation as tfdv
>>> from headwater.validation.generators import StatsGenerator
>>> class Shouting(StatsGenerator):
...     "How many texts are all in capitals."
...     def add(self, data, statistics):
...         for name in ("comment",):
...             query = "SELECT count(*) FROM {examples} WHERE {text} = upper({text})"
...             (count,), = data.query(query, text=name)
...             data.feature(statistics, name).custom_stats.add(name="shouting", num=count)
>>> comments = {"comment": np.array(["fine", "NO WAY", "ok"], dtype=object)}
>>> options = tfdv.StatsOptions(generators=[Shouting()])
>>> tfdv.generate_statistics_from_dataframe(comments, options).datasets[0].features[0].custom_stats[0].num
1.0
"""

from headwater.validation.generators._base import Data, StatsGenerator
from headwater.validation.generators._cross import CrossFeatureStatsGenerator
from headwater.validation.generators._lift import LiftStatsGenerator

__all__ = ["CrossFeatureStatsGenerator", "Data", "LiftStatsGenerator", "StatsGenerator"]
