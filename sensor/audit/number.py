"""A number with the digits it is to have. Not compiled: a compiled class can be no str."""


class Number(str):
    """A number as it is to be written, with as many decimals as are known: Number("0.250")."""

    __slots__ = ()
