/* Row 40. Acts as root again after it looked like an ordinary user (saved user id). */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("credentials-regained", 40, argc, argv);
	must(setresuid(65534, 65534, 0));
	must(setresuid(0, 0, 0));
	act("security.credentials");
	with_number("uid", 0);
	with_number("errno", 0);
	return told();
}
