namespace Parley.Files;

/// <summary>
/// Decides whether a browser may show a file or only save it. It shows a file of a known type, none of which runs
/// scripts in a page's origin, whose name has no ending or one of that type. With another ending the saved file would
/// be opened as something else: a GIF that is also HTML, under the name <c>a.html</c>, would run its scripts.
/// </summary>
internal static class FileDisposition
{
    // The endings of the media types in the IANA registry and in the tables of Apache and of operating systems.
    private static readonly Dictionary<string, string[]> Endings = new(StringComparer.Ordinal)
    {
        ["image/png"] = ["png"],
        ["image/jpeg"] = ["jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp"],
        ["image/gif"] = ["gif"],
        ["image/webp"] = ["webp"],
        ["video/mp4"] = ["mp4", "m4v", "mp4v", "mpg4"],
        ["audio/mpeg"] = ["mp3", "mpga", "mpeg"],
        ["audio/ogg"] = ["ogg", "oga", "opus", "spx"],
        ["audio/wav"] = ["wav", "wave"],
        ["application/pdf"] = ["pdf"],
    };

    /// <summary>Returns the Content-Disposition of a file.</summary>
    public static string Of(StoredFile file) =>
        FileName.ContentDisposition(IsShown(file) ? "inline" : "attachment", file.Name);

    public static bool IsShown(StoredFile file) =>
        Endings.TryGetValue(file.MimeType, out var endings)
        && (EndingOf(file.Name) is not { } ending || endings.Contains(ending, StringComparer.OrdinalIgnoreCase));

    /// <summary>
    /// The text after the last dot; null without a dot. Windows drops dots and blanks at the end of a name, so they do
    /// not hide an ending.
    /// </summary>
    private static string? EndingOf(string name)
    {
        var kept = name.TrimEnd('.', ' ');
        var dot = kept.LastIndexOf('.');
        return dot < 0 ? null : kept[(dot + 1)..];
    }
}
