using System.Text.Encodings.Web;
using System.Text.Json;
using Parley.DevHost.Common;

namespace Parley.DevHost.Commands;

/// <summary>The content of artifacts/local.json: URL, tenant and keys of the app started by <c>./dev run</c>.</summary>
internal sealed record LocalAccess(string BaseUrl, long Tenant, string ApiKey, string AdminKey, string WebhookSecret)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        // Shell scripts read this file: a + in a secret must not be written as an escape sequence.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Reads the file; null if it does not exist.</summary>
    /// <exception cref="HostStartException">The file is not valid JSON.</exception>
    public static LocalAccess? Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<LocalAccess>(File.ReadAllBytes(path), Json) : null;
        }
        catch (JsonException e)
        {
            throw new HostStartException($"{path} is damaged ({e.Message}); remove it to get a new demo tenant.", e);
        }
    }

    /// <summary>Writes the file atomically. Only its owner may read it, because it contains keys.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var fresh = path + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(fresh, options))
        {
            JsonSerializer.Serialize(file, this, Json);
        }

        File.Move(fresh, path, overwrite: true);
    }
}
