package org.conceptclip.cli;

/** What a command works with. */
record Context(Console console, Backends backends) {}
