/** What every package needs and none owns: closing what was opened, and other people's text in messages of ours. No API for programs. */
package org.conceptclip.util;
