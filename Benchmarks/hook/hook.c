/* The hook's job in C, the way a C program would be installed: against the shared libxml2.  It keeps
 * to the straight road (no settings, no deadline, little error handling), so it is a lower bound.
 *
 * cc -O2 -o hook-c hook.c $(pkg-config --cflags --libs libxml-2.0)
 * DLMGUARD_SOCKET=/path ./hook-c NAME OPERATION SUB-OPERATION EXTRA < domain.xml */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *request;
static size_t length;
static FILE *out;

static void quoted(const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if ((unsigned char)*text < 0x20)
			fprintf(out, "\\u%04x", *text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static xmlNodePtr child(xmlNodePtr node, const char *name)
{
	for (node = node ? node->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name))
			return node;
	return NULL;
}

static void resource(xmlNodePtr layer, const char *device, const char *access)
{
	/* The attribute of the source, what the resource's place is called, and its kind. */
	static const char *const kinds[][3] = {
		{ "file", "file", "file" }, { "dev", "block", "block" }, { "dir", "directory", "dir" }
	};
	static int count;
	xmlNodePtr source = child(layer, "source");

	for (int i = 0; source && i < 3; i++) {
		xmlChar *path = xmlGetProp(source, (const xmlChar *)kinds[i][0]);

		if (!path)
			continue;
		fprintf(out, "%s{\"kind\":\"%s\",\"device\":", count++ ? "," : "",
			strcmp(access, "backing") ? kinds[i][2] : "backing");
		quoted(device);
		fprintf(out, ",\"%s\":", kinds[i][1]);
		quoted((const char *)path);
		fprintf(out, ",\"access\":\"%s\"}", access);
		xmlFree(path);
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
	resource(disk, device,
		 child(disk, "readonly") ? "read-only" :
		 child(disk, "shareable") ? "shared-write" : "exclusive-write");
	for (xmlNodePtr layer = child(disk, "backingStore"); layer; layer = child(layer, "backingStore")) {
		snprintf(device, sizeof(device), "backing file %d of %s", depth++, name ? (char *)name : "?");
		resource(layer, device, "backing");
	}
	xmlFree(name);
}

int main(int argc, char **argv)
{
	static char xml[8 << 20], reply[65536];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("DLMGUARD_SOCKET");
	size_t size = 0, got = 0;
	xmlNodePtr root, devices;
	xmlDocPtr document;
	xmlChar *uuid;
	ssize_t n;
	int fd;

	if (argc < 5 || !path || strlen(path) >= sizeof(address.sun_path))
		return 2;
	while ((n = read(0, xml + size, sizeof(xml) - size)) > 0)
		size += n;
	document = xmlReadMemory(xml, size, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
	root = document ? xmlDocGetRootElement(document) : NULL;
	if (!child(root, "uuid"))
		return 1;
	uuid = xmlNodeGetContent(child(root, "uuid"));
	out = open_memstream(&request, &length);
	fputs("{\"v\":1,\"op\":\"hook\",\"hook\":", out);
	quoted(argv[2]);
	fputs(",\"name\":", out);
	quoted(argv[1]);
	fputs(",\"uuid\":", out);
	quoted((const char *)uuid);
	fprintf(out, ",\"caller\":%d,\"resources\":[", (int)getppid());
	devices = child(root, "devices");
	for (xmlNodePtr node = devices ? devices->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, "disk"))
			disk(node);
	fputs("],\"unguarded\":[]}\n", out);
	fclose(out);
	xmlFree(uuid);
	xmlFreeDoc(document);

	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
		return 1;
	while (got < sizeof(reply) - 1 && !memchr(reply, '\n', got) &&
	       (n = recv(fd, reply + got, sizeof(reply) - 1 - got, 0)) > 0)
		got += n;
	return strstr(reply, "\"ok\":true") ? 0 : 1;
}
