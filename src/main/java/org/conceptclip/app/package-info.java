/** The composition root: the only place that names concrete backends. */
package org.conceptclip.app;
