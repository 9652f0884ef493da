/** The command line: options, messages, exit codes. Backends come in through {@link org.conceptclip.cli.Backends}. */
package org.conceptclip.cli;
