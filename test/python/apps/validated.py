"""The torture application's legal half under wsgiref's validator, every warning an error."""

import warnings
from wsgiref.validate import validator

import torture

warnings.simplefilter("error")
application = validator(torture.application)
