from headwater._root import *

__version__: str
