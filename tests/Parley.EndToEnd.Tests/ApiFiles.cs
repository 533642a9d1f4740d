using System.Net.Http.Headers;
using System.Text;

namespace Parley.EndToEnd.Tests;

/// <summary>Uploads of files.</summary>
internal static class ApiFiles
{
    /// <summary>Sends a file as a message.</summary>
    public static Task<HttpResponseMessage> UploadAsync(
        this HttpClient client, object conversation, byte[] bytes, string name, params (string Name, string Value)[] texts) =>
        client.UploadAsync(conversation, new ByteArrayContent(bytes), name, key: null, texts);

    /// <summary>Sends a file as a message, under an idempotency key.</summary>
    public static async Task<HttpResponseMessage> UploadAsync(
        this HttpClient client, object conversation, HttpContent file, string name, string? key, params (string Name, string Value)[] texts)
    {
        using var form = new MultipartFormDataContent("parley-test-boundary") { HeaderEncodingSelector = (_, _) => Encoding.UTF8 };
        foreach (var (field, value) in texts)
        {
            form.Add(new StringContent(value), field);
        }

        // Unescaped UTF-8, as browsers send it; .NET would encode the name.
        file.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"file\"; filename=\"{name}\"");
        form.Add(file);
        foreach (var part in form)
        {
            part.Headers.ContentType = null;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, $"v1/conversations/{conversation}/messages/media") { Content = form };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await client.SendAsync(request);
    }

    /// <summary>Sends a body unchanged.</summary>
    public static async Task<HttpResponseMessage> SendRawAsync(this HttpClient client, object conversation, string body, string contentType)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = contentType.Length == 0 ? null : MediaTypeHeaderValue.Parse(contentType);
        return await client.PostAsync($"v1/conversations/{conversation}/messages/media", content);
    }
}
