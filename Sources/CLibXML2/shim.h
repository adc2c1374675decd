#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>

/* xmlFree is a mutable global function pointer, which Swift 6 rightly refuses to read. */
static inline void dlmguard_xml_free(void *memory)
{
	xmlFree(memory);
}
