/** Helpers of all packages: closing resources, foreign text in messages of one line, native libraries of jars. No API for programs. */
package org.conceptclip.util;
