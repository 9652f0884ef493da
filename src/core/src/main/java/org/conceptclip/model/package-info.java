/** The model: its configuration, its weights and both towers, written once in terms of the op contract. It uses no backend. */
package org.conceptclip.model;
