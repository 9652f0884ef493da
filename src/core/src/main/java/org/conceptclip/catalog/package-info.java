/** Models by their names: a folder, the demo model of this library, or synthetic weights; with what belongs to each. */
package org.conceptclip.catalog;
