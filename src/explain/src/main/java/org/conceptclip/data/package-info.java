/** Tables, arrays and lists of labels in files. */
package org.conceptclip.data;
