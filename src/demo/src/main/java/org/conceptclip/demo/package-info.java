/** A toy model inside a jar, for trying the library: trained on drawings, of no use in medicine. */
package org.conceptclip.demo;
