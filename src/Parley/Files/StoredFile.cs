namespace Parley.Files;

/// <summary>A file of a conversation, as it is kept with the message that brought it.</summary>
/// <param name="Id">Names its blob: 122 random bits in the form of a version 4 UUID.</param>
/// <param name="Name">The client's name for it, cleaned by <see cref="FileName.Clean"/>: 1 to <see cref="FileName.MaxLength"/> UTF-16 units.</param>
/// <param name="Type">image, video, audio or document; see <see cref="FileType"/>.</param>
/// <param name="MimeType">What its first bytes tell; see <see cref="FileType"/>.</param>
/// <param name="Size">In bytes: 1 to <see cref="FileStore.MaxBytes"/>.</param>
public sealed record StoredFile(Guid Id, string Name, string Type, string MimeType, long Size);

/// <summary>A file that is stored but cannot be read before <see cref="FileStore.CommitAsync"/>.</summary>
/// <param name="File">The file.</param>
/// <param name="Sha256">Of its bytes: 64 lower-case hexadecimal digits.</param>
/// <param name="BlockIds">Its uncommitted blocks, in their order.</param>
public sealed record UploadedFile(StoredFile File, string Sha256, IReadOnlyList<string> BlockIds);
