/* Reads a domain's XML as a C program would, with libxml2, and makes the same list of it: for each
 * image of each disk its kind, its place, what the domain does with it, and what people call it.  It
 * keeps to the straight road (disks of three types, no checks), so it is a lower bound.  The options of
 * the parser are those of DomainXML: without them C is slower.
 *
 * cc -O2 -o parse parse.c $(pkg-config --cflags --libs libxml-2.0)
 * ./parse FILE ROUNDS prints how many images there are, then each round's nanoseconds. */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct image {
	const char *kind, *access;
	char *device;
	xmlChar *path;
};

static struct image *images;
static size_t count, room;

static xmlNodePtr child(xmlNodePtr node, const char *name)
{
	for (node = node ? node->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name))
			return node;
	return NULL;
}

static void image(xmlNodePtr layer, const char *device, const char *access)
{
	static const char *const kinds[][2] = { { "file", "file" }, { "dev", "block" }, { "dir", "dir" } };
	xmlNodePtr source = child(layer, "source");

	for (int i = 0; source && i < 3; i++) {
		xmlChar *path = xmlGetProp(source, (const xmlChar *)kinds[i][0]);

		if (!path)
			continue;
		if (count == room)
			images = realloc(images, (room = room ? 2 * room : 8) * sizeof(*images));
		images[count++] = (struct image){ kinds[i][1], access, strdup(device), path };
		return;
	}
}

static void disk(xmlNodePtr disk)
{
	xmlNodePtr target = child(disk, "target");
	xmlChar *name = target ? xmlGetProp(target, (const xmlChar *)"dev") : NULL;
	char device[256];
	int depth = 1;

	snprintf(device, sizeof(device), "disk %s", name ? (char *)name : "?");
	image(disk, device,
	      child(disk, "readonly") ? "read-only" :
	      child(disk, "shareable") ? "shared-write" : "exclusive-write");
	for (xmlNodePtr layer = child(disk, "backingStore"); layer; layer = child(layer, "backingStore")) {
		snprintf(device, sizeof(device), "backing file %d of %s", depth++, name ? (char *)name : "?");
		image(layer, device, "backing");
	}
	xmlFree(name);
}

static size_t parse(const char *xml, int size)
{
	int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOBLANKS | XML_PARSE_NOCDATA | XML_PARSE_COMPACT;
	xmlDocPtr document = xmlReadMemory(xml, size, NULL, NULL, options);
	xmlNodePtr root = document ? xmlDocGetRootElement(document) : NULL;
	xmlNodePtr devices = child(root, "devices");
	xmlChar *uuid = xmlNodeGetContent(child(root, "uuid")), *name = xmlNodeGetContent(child(root, "name"));
	size_t found;

	for (xmlNodePtr node = devices ? devices->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, "disk"))
			disk(node);
	found = uuid && name ? count : 0;
	while (count) {
		free(images[--count].device);
		xmlFree(images[count].path);
	}
	free(images);
	images = NULL;
	room = 0;
	xmlFree(name);
	xmlFree(uuid);
	xmlFreeDoc(document);
	return found;
}

int main(int argc, char **argv)
{
	static char xml[8 << 20];
	FILE *file = argc == 3 ? fopen(argv[1], "r") : NULL;
	struct timespec start, end;
	size_t size;

	if (!file)
		return 2;
	size = fread(xml, 1, sizeof(xml), file);
	printf("%zu\n", parse(xml, size));
	for (int round = atoi(argv[2]); round > 0; round--) {
		clock_gettime(CLOCK_MONOTONIC, &start);
		parse(xml, size);
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec);
	}
	return 0;
}
