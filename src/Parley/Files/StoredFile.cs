namespace Parley.Files;

/// <summary>A file of a conversation, as its message stores it.</summary>
/// <param name="Id">Part of the blob's name: 122 random bits in the form of a version 4 UUID.</param>
/// <param name="Name">
/// The client's name for the file, from <see cref="FileName.Clean"/>: 1 to <see cref="FileName.MaxLength"/> UTF-16
/// units.
/// </param>
/// <param name="Type">image, video, audio or document; see <see cref="FileType"/>.</param>
/// <param name="MimeType">Detected from the first bytes; see <see cref="FileType"/>.</param>
/// <param name="Size">In bytes: 1 to <see cref="FileStore.MaxBytes"/>.</param>
public sealed record StoredFile(Guid Id, string Name, string Type, string MimeType, long Size);

/// <summary>A file that is stored but cannot be read before <see cref="FileStore.CommitAsync"/>.</summary>
/// <param name="Sha256">The hash of its bytes: 64 lower-case hexadecimal digits.</param>
/// <param name="BlockIds">The ids of its uncommitted blocks, in the order of the file.</param>
public sealed record UploadedFile(StoredFile File, string Sha256, IReadOnlyList<string> BlockIds);
