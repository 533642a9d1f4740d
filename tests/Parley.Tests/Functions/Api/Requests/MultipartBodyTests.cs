using System.Text;
using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Functions.Api.Requests;

public class MultipartBodyTests
{
    private const string Form = "multipart/form-data; boundary=b";

    [Fact]
    public async Task Unknown_and_repeated_parts_are_skipped()
    {
        var body = Part("tag", "a") + Part("tag", "b") + Part("file", "bytes", "a.txt") + Part("thumb", "\0\u0001", "t.png")
            + Part("message", "") + Part("message", "first") + Part("message", "second") + "--b--";

        Assert.Equal("file=a.txt:bytes message=first", await ReadAsync(body));
    }

    [Fact]
    public async Task A_second_file_is_refused() => Assert.Equal(
        ErrorCode.MalformedMultipart,
        await RefusalAsync(Part("file", "1", "a") + Part("file", "2", "b") + "--b--"));

    [Theory]
    [InlineData("multipart/form-data; boundary=b; charset=utf8")]
    [InlineData("multipart/form-data; charset=; boundary=\"b\"")]
    [InlineData("Multipart/Form-Data;BOUNDARY=b;")]
    public async Task Other_parameters_have_no_effect(string type) =>
        Assert.Equal("message=x", await ReadAsync(Part("message", "x") + "--b--", type));

    [Theory]
    [InlineData("----=_Part_1_2.3")]
    [InlineData("a:b/c?d")]
    [InlineData("(x),+y'z")]
    public async Task A_boundary_may_be_unquoted(string boundary) => Assert.Equal("message=x", await ReadAsync(
        Part("message", "x").Replace("--b", "--" + boundary, StringComparison.Ordinal) + $"--{boundary}--",
        $"multipart/form-data; boundary={boundary}"));

    [Theory]
    [InlineData("text/plain; charset=ISO-8859-1", "n\u00e9")]
    [InlineData("text/plain; charset=\"iso-8859-1\"", "n\u00e9")]
    [InlineData("text/plain", null)]
    [InlineData("text/plain; charset=utf-8", null)]
    public async Task A_text_is_utf_8_or_names_its_charset(string type, string? text)
    {
        var body = Encoding.Latin1.GetBytes(
            $"--b\r\nContent-Disposition: form-data; name=message\r\nContent-Type: {type}\r\n\r\nn\u00e9\r\n--b--");
        var reading = ReadAsync(new MemoryStream(body), Form);

        if (text is null)
        {
            Assert.Equal(ErrorCode.MalformedMultipart, (await Assert.ThrowsAsync<ParleyException>(() => reading)).Code);
        }
        else
        {
            Assert.Equal($"message={text}", await reading);
        }
    }

    [Fact]
    public async Task A_label_does_not_spoil_a_text_in_utf_8()
    {
        const string Body = "--b\r\nContent-Disposition: form-data; name=message\r\n"
            + "Content-Type: text/plain; charset=iso-8859-1\r\n\r\né😀\r\n--b--";

        Assert.Equal("message=é😀", await ReadAsync(Body));
    }

    [Fact]
    public async Task A_thousand_parts_are_read()
    {
        var tags = string.Concat(Enumerable.Range(0, 999).Select(i => Part($"tag{i}", "x")));

        Assert.Equal("message=x", await ReadAsync(tags + Part("message", "x") + "--b--"));
        Assert.Equal(ErrorCode.MalformedMultipart, await RefusalAsync(tags + Part("a", "x") + Part("b", "x") + "--b--"));
    }

    [Fact]
    public async Task Skipped_parts_are_limited_and_not_buffered()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reading = ReadAsync(Body(MultipartBody.MaxSkipped), Form);

        // All reads complete at once, so the whole body was read by this thread.
        Assert.True(reading.IsCompleted);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * 1024 * 1024);
        Assert.Equal("message=x", await reading);
        var refusal = await Assert.ThrowsAsync<ParleyException>(() => ReadAsync(Body(MultipartBody.MaxSkipped + 1), Form));
        Assert.Equal(ErrorCode.BodyTooLarge, refusal.Code);

        static Stream Body(long skipped) => new PacketStream(
            int.MaxValue,
            new MemoryStream(Encoding.UTF8.GetBytes(Part("message", "x") + Part("thumb", "", "t").TrimEnd() + "\r\n\r\n")),
            new GeneratedStream(skipped),
            new MemoryStream("\r\n--b--"u8.ToArray()));
    }

    /// <summary>Random forms in random spellings, cut or whole, against the list of their parts.</summary>
    [Fact]
    public async Task Forms_are_read_as_calculated()
    {
        var random = new Random(7578);
        var (read, refused) = (0, 0);
        for (var i = 0; i < 5_000; i++)
        {
            var form = MultipartForm.Generate(random);
            var expected = form.Expected;
            string actual;
            try
            {
                actual = await ReadAsync(new PacketStream(random.Next(1, 200), new MemoryStream(form.Bytes)), form.ContentType);
                read++;
            }
            catch (ParleyException e)
            {
                actual = e.Code.Code;
                refused++;
            }

            Assert.True(expected == actual, $"Form {i}: {expected} was {actual}\n{Encoding.Latin1.GetString(form.Bytes)}");
        }

        Assert.InRange(read, 2_000, 4_900);
        Assert.InRange(refused, 100, 3_000);
    }

    private static string Part(string name, string content, string? fileName = null) =>
        $"--b\r\nContent-Disposition: form-data; name=\"{name}\"{(fileName is null ? "" : $"; filename=\"{fileName}\"")}\r\n\r\n{content}\r\n";

    private static Task<string> ReadAsync(string body, string type = Form) => ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(body)), type);

    private static async Task<ErrorCode> RefusalAsync(string body) =>
        (await Assert.ThrowsAsync<ParleyException>(() => ReadAsync(body))).Code;

    /// <summary>The fields and the file that were read, as one text.</summary>
    private static async Task<string> ReadAsync(Stream body, string type)
    {
        var request = new DefaultHttpContext().Request;
        (request.ContentType, request.Body) = (type, body);
        var (fields, file) = await MultipartBody.ReadAsync(request, "file", ["message", "sender"], 1000, MultipartBody.MaxParts, async (content, name) =>
        {
            using var bytes = new MemoryStream();
            await content.CopyToAsync(bytes);
            return $"file={name}:{Encoding.Latin1.GetString(bytes.ToArray())}";
        });
        var texts = new[] { "message", "sender" }
            .Select(name => (name, Text: fields.Text(name, 0, 1000)))
            .Where(one => one.Text is not null)
            .Select(one => $"{one.name}={one.Text}");
        return string.Join(' ', texts.Prepend(file).Where(text => text is not null));
    }
}
