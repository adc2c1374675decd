#include <libxml/xmlversion.h>
/* Where libxml2 is built with ICU (Debian), its encoding.h would pull in ICU's headers, whose types
 * clash with those of the ICU inside Swift's Foundation.  Only the private half of
 * xmlCharEncodingHandler depends on it, which nothing here touches. */
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>

/* xmlFree is a mutable global function pointer, which Swift 6 rightly refuses to read. */
static inline void dlmguard_xml_free(void *memory)
{
	xmlFree(memory);
}
