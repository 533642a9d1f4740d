using Parley.Operations;
using Parley.Operations.Format;
using Xunit;

namespace Parley.Tests.Operations;

public sealed class LineFileTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("parley-lines-");

    [Fact]
    public async Task A_malformed_line_is_named_after_the_lines_before_it_were_read()
    {
        var path = Path.Combine(directory.FullName, "lines.gz");
        await using (var file = LineFile.Create(path))
        {
            await file.WriteAsync("1"u8.ToArray(), CancellationToken.None);
            await file.WriteAsync("2"u8.ToArray(), CancellationToken.None);
            await file.WriteAsync("{"u8.ToArray(), CancellationToken.None);
        }

        var read = new List<string>();
        var refusal = await Assert.ThrowsAsync<OperationException>(async () =>
        {
            var lines = LineFile.ReadAsync(path, text => text is "{" ? BlobLine.Read(text).Name : text, default);
            await foreach (var line in lines)
            {
                read.Add(line);
            }
        });

        Assert.Equal(["1", "2"], read);
        Assert.Equal($"{path}, line 3, cannot be read: It names no blob. Use another back-up.", refusal.Message);
    }

    [Fact]
    public async Task A_file_that_is_not_gzip_is_named()
    {
        var path = Path.Combine(directory.FullName, "text.gz");
        await File.WriteAllTextAsync(path, "plain text");

        var refusal = await Assert.ThrowsAsync<OperationException>(
            () => LineFile.ReadAsync(path, RowLine.Read, CancellationToken.None).CountAsync().AsTask());

        Assert.StartsWith($"{path}, line 1, cannot be read: ", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose() => directory.Delete(recursive: true);
}
