"""Live captions: a member that writes down what the others say, by a recogniser on this computer.

    packets → voice.py (16 kHz, by capture time) → endpoints.py (talkspurts) → queue.py → an engine → the room

The engine is behind engine.py; sherpa.py is the only door to the library.
"""
