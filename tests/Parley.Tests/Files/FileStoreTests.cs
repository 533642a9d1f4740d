using System.Net;
using System.Security.Cryptography;
using System.Text;
using Azure.Storage.Blobs;
using Parley.Core;
using Parley.Files;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Files;

public sealed class FileStoreTests(AzuriteFixture storage) : IClassFixture<AzuriteFixture>, IAsyncLifetime
{
    private static readonly ConversationKey Conversation = new(new TenantId(7), 42);
    private static readonly HttpClient Http = new();
    private static readonly byte[] Pdf = Encoding.ASCII.GetBytes("%PDF-1.7 and so on");

    private FileStore files = null!;

    public Task InitializeAsync()
    {
        files = NewStore(TimeProvider.System);
        return files.CreateIfNotExistsAsync(CancellationToken.None);
    }

    public Task DisposeAsync()
    {
        files.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_file_is_read_through_its_link_once_it_is_committed()
    {
        var uploaded = await UploadAsync(Pdf, "/home/ana/Rechnung März \U0001F600.pdf");
        var file = uploaded.File;
        Assert.Equal(("Rechnung März \U0001F600.pdf", "document", "application/pdf", Pdf.Length), (file.Name, file.Type, file.MimeType, file.Size));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Pdf)), uploaded.Sha256);
        Assert.Matches("^.{14}4.{4}[89ab]", file.Id.ToString());
        var link = await LinkAsync(file);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Get, link));

        await files.CommitAsync(Conversation, uploaded, CancellationToken.None);

        using var response = await Http.GetAsync(link);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Pdf, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal("application/pdf", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("private, max-age=3600", Header(response.Headers, "Cache-Control"));
        Assert.Equal(
            "inline; filename=\"Rechnung M_rz _.pdf\"; filename*=UTF-8''Rechnung%20M%C3%A4rz%20%F0%9F%98%80.pdf",
            Header(response.Content.Headers, "Content-Disposition"));
        Assert.Equal(file.Name, response.Content.Headers.ContentDisposition?.FileNameStar);
    }

    [Fact]
    public async Task A_file_cannot_be_read_without_a_link()
    {
        var link = await LinkAsync(await StoreAsync(Pdf, "a.pdf"));

        Assert.InRange((int)await StatusAsync(HttpMethod.Get, new Uri(link.GetLeftPart(UriPartial.Path))), 401, 409);
    }

    [Fact]
    public async Task A_file_of_unknown_type_is_served_as_a_download()
    {
        var link = await LinkAsync(await StoreAsync("<script>alert(1)</script>"u8.ToArray(), "C:\\x\\\"%41.html"));

        using var response = await Http.GetAsync(link);
        Assert.Equal("application/octet-stream", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("attachment; filename=\"__41.html\"; filename*=UTF-8''%22%2541.html", Header(response.Content.Headers, "Content-Disposition"));
    }

    [Fact]
    public async Task A_file_with_the_ending_of_another_type_is_served_as_a_download_also_when_stored_as_inline()
    {
        var polyglot = "GIF89a/*<script>alert(1)</script>*/=1"u8.ToArray();
        var file = await StoreAsync(polyglot, "poly.html");

        using var response = await Http.GetAsync(await LinkAsync(file));
        Assert.Equal("image/gif", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(Attachment("poly.html"), Header(response.Content.Headers, "Content-Disposition"));

        // The blob of another name stands for one that was committed before its ending counted.
        var older = (await StoreAsync(polyglot, "poly.gif")) with { Name = "poly.html" };

        using var earlier = await Http.GetAsync(await LinkAsync(older));
        Assert.Equal(Attachment("poly.html"), Header(earlier.Content.Headers, "Content-Disposition"));

        static string Attachment(string name) => $"attachment; filename=\"{name}\"; filename*=UTF-8''{name}";
    }

    [Fact]
    public async Task Quotes_and_line_breaks_in_a_name_stay_in_the_name()
    {
        var link = await LinkAsync(await StoreAsync(Pdf, "a\"; x=y\r\nSet-Cookie: a=b.pdf"));

        using var response = await Http.GetAsync(link);
        Assert.False(response.Headers.Contains("Set-Cookie"));
        Assert.Equal(
            "inline; filename=\"a_; x=ySet-Cookie: a=b.pdf\"; filename*=UTF-8''a%22%3B%20x%3DySet-Cookie%3A%20a%3Db.pdf",
            Header(response.Content.Headers, "Content-Disposition"));
    }

    [Fact]
    public async Task The_longest_name_fits_into_the_headers()
    {
        var name = new string('汉', 260);
        var file = await StoreAsync(Pdf, name);

        using var response = await Http.GetAsync(await LinkAsync(file));
        Assert.Equal(name[..250], response.Content.Headers.ContentDisposition?.FileNameStar);
    }

    [Theory]
    [InlineData(FileStore.BlockBytes - 1, 1)]
    [InlineData(FileStore.BlockBytes, 1)]
    [InlineData(FileStore.BlockBytes + 1, 2)]
    [InlineData((2 * FileStore.BlockBytes) + 12_345, 3)]
    [InlineData(FileStore.MaxBytes, 13)]
    public async Task A_file_of_many_blocks_is_read_as_written(long length, int blocks)
    {
        var uploaded = await files.UploadAsync(Conversation, new GeneratedStream(length), "big", CancellationToken.None);
        await files.CommitAsync(Conversation, uploaded, CancellationToken.None);

        Assert.Equal((length, blocks), (uploaded.File.Size, uploaded.BlockIds.Count));
        Assert.Equal(Convert.ToHexStringLower(await SHA256.HashDataAsync(new GeneratedStream(length))), uploaded.Sha256);
        await using var content = await Http.GetStreamAsync(await LinkAsync(uploaded.File));
        Assert.Equal(uploaded.Sha256, Convert.ToHexStringLower(await SHA256.HashDataAsync(content)));
        await files.DeleteAsync(Conversation, uploaded.File.Id, CancellationToken.None);
    }

    [Fact]
    public async Task A_file_that_is_too_large_is_not_read_further()
    {
        var content = new GeneratedStream(long.MaxValue);

        var refusal = await Assert.ThrowsAsync<ParleyException>(() => files.UploadAsync(Conversation, content, "endless", CancellationToken.None));

        Assert.Equal(ErrorCode.BodyTooLarge, refusal.Code);
        Assert.Equal(FileStore.MaxBytes + 1, content.Taken);
    }

    [Fact]
    public async Task A_file_without_bytes_is_refused()
    {
        var refusal = await Assert.ThrowsAsync<ParleyException>(() => files.UploadAsync(Conversation, Stream.Null, "empty", CancellationToken.None));

        Assert.Equal(ErrorCode.InvalidFields, refusal.Code);
        Assert.Equal(["Must not be empty."], refusal.FieldErrors?["file"]);
    }

    [Fact]
    public async Task An_upload_ends_with_its_caller()
    {
        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => files.UploadAsync(Conversation, new MemoryStream(Pdf), "a", ended.Token));
    }

    [Fact]
    public async Task Committing_again_changes_nothing()
    {
        var uploaded = await UploadAsync(Pdf, "a.pdf");
        await files.CommitAsync(Conversation, uploaded, CancellationToken.None);
        await files.CommitAsync(Conversation, uploaded, CancellationToken.None);

        Assert.Equal(Pdf, await Http.GetByteArrayAsync(await LinkAsync(uploaded.File)));
    }

    [Fact]
    public async Task A_deleted_file_is_gone_and_may_be_deleted_again()
    {
        var file = await StoreAsync(Pdf, "a.pdf");
        var link = await LinkAsync(file);

        await files.DeleteAsync(Conversation, file.Id, CancellationToken.None);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Get, link));
        await files.DeleteAsync(Conversation, file.Id, CancellationToken.None);

        var uncommitted = await UploadAsync(Pdf, "b.pdf");
        await files.DeleteAsync(Conversation, uncommitted.File.Id, CancellationToken.None);
    }

    [Fact]
    public async Task A_link_only_reads()
    {
        var link = await LinkAsync(await StoreAsync(Pdf, "a.pdf"));

        using var put = new HttpRequestMessage(HttpMethod.Put, link) { Content = new ByteArrayContent([1, 2, 3]) };
        put.Headers.Add("x-ms-blob-type", "BlockBlob");
        using var refused = await Http.SendAsync(put);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Delete, link));
        Assert.Equal(Pdf, await Http.GetByteArrayAsync(link));
    }

    [Fact]
    public async Task A_link_reads_one_file()
    {
        var (file, other) = (await StoreAsync(Pdf, "a.pdf"), await StoreAsync(Pdf, "b.pdf"));
        var link = await LinkAsync(file);

        var bent = new Uri(link.AbsoluteUri.Replace($"{file.Id:N}", $"{other.Id:N}", StringComparison.Ordinal));
        Assert.NotEqual(link, bent);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, bent));

        // The link does not list the container's files either.
        var list = new Uri(link.AbsoluteUri.Replace($"/{FileStore.BlobName(Conversation, file.Id)}?", "?restype=container&comp=list&", StringComparison.Ordinal));
        Assert.NotEqual(link, list);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, list));
    }

    [Theory]
    [InlineData(-61, HttpStatusCode.Forbidden)]
    [InlineData(-59, HttpStatusCode.OK)]
    public async Task A_link_ends_after_an_hour(int minutes, HttpStatusCode status)
    {
        var file = await StoreAsync(Pdf, "a.pdf");
        using var then = NewStore(new VirtualTime(TimeProvider.System.GetUtcNow().AddMinutes(minutes)));

        Assert.Equal(status, await StatusAsync(HttpMethod.Get, (await then.LinksAsync(CancellationToken.None)).Of(Conversation, file)));
    }

    private FileStore NewStore(TimeProvider time) =>
        new(new BlobServiceClient(storage.ConnectionString, StorageClients.BlobOptions()), time, new RandomSource());

    private Task<UploadedFile> UploadAsync(byte[] content, string name) =>
        files.UploadAsync(Conversation, new MemoryStream(content), name, CancellationToken.None);

    private async Task<StoredFile> StoreAsync(byte[] content, string name)
    {
        var uploaded = await UploadAsync(content, name);
        await files.CommitAsync(Conversation, uploaded, CancellationToken.None);
        return uploaded.File;
    }

    private async Task<Uri> LinkAsync(StoredFile file) => (await files.LinksAsync(CancellationToken.None)).Of(Conversation, file);

    private static async Task<HttpStatusCode> StatusAsync(HttpMethod method, Uri address)
    {
        using var request = new HttpRequestMessage(method, address);
        using var response = await Http.SendAsync(request);
        return response.StatusCode;
    }

    /// <summary>A header as it was sent, not as HttpClient parses it.</summary>
    private static string Header(System.Net.Http.Headers.HttpHeaders headers, string name) => headers.NonValidated[name].ToString();
}
