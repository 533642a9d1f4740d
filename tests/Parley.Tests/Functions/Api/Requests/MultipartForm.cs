using System.Text;

namespace Parley.Tests.Functions.Api.Requests;

/// <summary>A random form: its bytes, and what a reader of <c>file</c>, <c>message</c> and <c>sender</c> finds.</summary>
internal sealed class MultipartForm
{
    private const string Malformed = "malformed_multipart";
    private readonly Random random;
    private readonly string boundary;
    private readonly Dictionary<string, string> texts = new(StringComparer.Ordinal);
    private readonly List<byte> bytes = [];
    private string? file;
    private bool isMalformed;

    private MultipartForm(Random random)
    {
        this.random = random;
        boundary = Pick("b", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "----=_Part_1_2.3", "a b", "'()+_,-./:=?", new string('x', 70));
        var quoted = boundary.Contains(' ', StringComparison.Ordinal) || Flip();
        ContentType = Pick("multipart/form-data", "Multipart/Form-Data")
            + Pick("", "; charset=utf8", ";charset=\"x;boundary=no\"", "; utf-8")
            + Pick("; boundary=", ";boundary=", "; BOUNDARY=")
            + (quoted ? $"\"{boundary}\"" : boundary)
            + Pick("", "", ";", "; charset=iso-8859-1");
    }

    public string ContentType { get; }

    public byte[] Bytes => [.. bytes];

    /// <summary>The file and the texts, or the name of the error.</summary>
    public string Expected => isMalformed ? Malformed : string.Join(
        ' ',
        new[] { "message", "sender" }.Where(texts.ContainsKey).Select(name => $"{name}={texts[name]}")
            .Prepend(file).Where(text => text is not null));

    public static MultipartForm Generate(Random random)
    {
        var form = new MultipartForm(random);
        form.Add(form.Pick("", "", "\r\n", "This is MIME.\r\n", "One\r\n\r\nTwo\r\n"));
        for (var left = random.Next(0, 9); left > 0; left--)
        {
            form.AddPart();
        }

        var end = form.bytes.Count + $"--{form.boundary}--".Length;
        form.Add($"--{form.boundary}--{form.Pick("", " \t")}");
        form.Add(form.Pick("", "\r\n", "\r\n", "\r\nAn epilogue\r\n", $"\r\n--{form.boundary}\r\nmore"));
        if (random.Next(12) == 0)
        {
            // Cut before the end of the last boundary.
            form.isMalformed = true;
            var cut = random.Next(0, end);
            form.bytes.RemoveRange(cut, form.bytes.Count - cut);
        }

        return form;
    }

    private void AddPart()
    {
        var name = Pick("message", "message", "sender", "tag", "thumb", "file", "File", "", "日");
        var content = Content(isText: name is "message" or "sender");
        var fileName = name == "file" || random.Next(3) == 0 ? Pick("", "a.txt", "日 1.txt", "blob", "a;b.txt") : null;
        var isNameQuoted = name is "" or "日" || Flip();
        var isFileNameQuoted = fileName is null or "" or "a;b.txt" || Flip();
        List<string> headers =
        [
            Pick("Content-Disposition: ", "content-disposition:", "CONTENT-DISPOSITION:  ")
                + Pick("form-data", "Form-Data")
                + Pick("; name=", ";name=", "; NAME=") + (isNameQuoted ? $"\"{name}\"" : name)
                + (fileName is null ? "" : "; filename=" + (isFileNameQuoted ? $"\"{fileName}\"" : fileName))
                + Pick("", "", ";"),
            .. Flip() ? [Pick("Content-Type: text/plain", "content-type: text/plain;charset=utf-8", "Content-Type: image/png", "Content-Type: application/json")] : Array.Empty<string>(),
            .. Flip() ? [Pick("Content-Transfer-Encoding: binary", $"Content-Length: {content.Length}", "X-Other: ;name=\"message\"")] : Array.Empty<string>(),
        ];
        if (random.Next(60) == 0)
        {
            // A part without a name is no part of a form.
            headers.RemoveAt(0);
            isMalformed = true;
        }

        Add($"--{boundary}{Pick("", "", " ", "\t")}\r\n");
        headers.OrderBy(_ => random.Next()).ToList().ForEach(header => Add(header + "\r\n"));
        Add("\r\n");
        bytes.AddRange(content);
        Add("\r\n");
        Note(name, fileName ?? "", content);
    }

    private void Note(string name, string fileName, byte[] content)
    {
        if (name == "file")
        {
            isMalformed |= file is not null;
            file = $"file={fileName}:{Encoding.Latin1.GetString(content)}";
        }
        else if (name is "message" or "sender" && content.Length > 0)
        {
            texts.TryAdd(name, Encoding.UTF8.GetString(content));
        }
    }

    /// <summary>Content with line ends, and with the beginning of a boundary; never with a whole one.</summary>
    private byte[] Content(bool isText)
    {
        string[] pieces = ["a", " ", "\r\n", "\r", "\n", "--", $"\r\n--{boundary[..^1]}\n", $"--{boundary}", "é😀", "\"", "\r\n\r\n"];
        var content = new List<byte>();
        for (var left = random.Next(0, 12); left > 0; left--)
        {
            // After a line end and two dashes the boundary would be whole.
            var piece = pieces[random.Next(pieces.Length)];
            var isWhole = piece[0] == '-' && (content.Count == 0 || content[^1] == '\n');
            content.AddRange(isWhole ? [] : Encoding.UTF8.GetBytes(piece));
            content.AddRange(isText || Flip() ? [] : [(byte)random.Next(0x80, 0x100), 0]);
        }

        return [.. content];
    }

    private void Add(string text) => bytes.AddRange(Encoding.UTF8.GetBytes(text));

    private bool Flip() => random.Next(2) == 0;

    private string Pick(params string[] texts) => texts[random.Next(texts.Length)];
}
