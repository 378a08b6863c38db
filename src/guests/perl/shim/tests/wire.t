use strict;
use warnings;
use FindBin ();
use lib $FindBin::Bin;
use Host;
use Test::More;
use TSGI::Guest::Wire;

my $bytes = join '', map { chr } 0 .. 255;

is frame(RESPONSE, 0x01020304, '200 OK', 'hello', END_FLAG, 200), "\x0b\0\0\0\x04\x03\x02\x01\x06\0\0\0\x41\x01\xc8\x00" . '200 OKhello',
    'a frame has a header of 16 bytes in front of head and body';
is substr(frame(LOG, 1, $bytes, $bytes), 16), $bytes x 2, 'a frame takes any byte';

is_deeply decode_json_text('{"a":[{"tsgi:bytes":"/wA="}],"b":{"c":{"tsgi:datetime":"2026-01-02T03:04:05Z"}}}'),
    { a => ["\xff\0"], b => { c => '2026-01-02T03:04:05Z' } }, 'values that JSON lacks come as tagged objects at any depth';
is decode_json_text('{"tsgi:int":"123456789012345678901234567890"}'), '123456789012345678901234567890', 'a large number keeps its digits';
is_deeply decode_json_text('{"tsgi:int":"1","x":2}'), { 'tsgi:int' => '1', x => 2 }, 'an object with more members is none of them';
is decode_json_text(encode_json_text("tr\x{e4}ge \x{20ac}")), "tr\x{e4}ge \x{20ac}", 'text comes back as it was';

done_testing;
