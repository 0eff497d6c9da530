"""Says what folders hold, before a data set is built of them."""


def check(options):
  raise NotImplementedError
