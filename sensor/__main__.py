"""python -m sensor: the command host-sensor."""

from sensor.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
