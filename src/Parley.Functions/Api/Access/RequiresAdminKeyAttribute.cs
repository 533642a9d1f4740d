namespace Parley.Functions.Api.Access;

/// <summary>The function is for callers who have the key of the setting <c>Parley__AdminKey</c>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresAdminKeyAttribute : Attribute;
