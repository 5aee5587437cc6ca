"""What tests stand on: a scripted engine, a clock that stands still, a platform in a folder."""
