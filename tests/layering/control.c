/* What sotto-sfu must never be: a program with objects of the SFU and of sframe in it. The layering check is shown its
 * link map as if it were sotto-sfu's, and has to find the object. */
#include "sfu/address.h"
#include "sotto/sframe.h"

#include <stdio.h>

int main(void)
{
    struct sfu_address address;
    if (!sfu_address_parse(&address, "127.0.0.1", 1))
        return 1;
    puts(sframe_strerror(SFRAME_OK));
    return 0;
}
