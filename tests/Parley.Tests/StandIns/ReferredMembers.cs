using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Parley.Tests.StandIns;

/// <summary>
/// Which types and members of the stand-in ids the built assemblies beside this test refer to: ours, and those real
/// packages that need a stand-in. Attributes, signatures and generic calls are in the same tables of the metadata.
/// </summary>
internal sealed class ReferredMembers
{
    public HashSet<Type> Types { get; } = [];

    public HashSet<MemberInfo> Members { get; } = [];

    /// <summary>References that lead nowhere, with who makes them.</summary>
    public List<string> Broken { get; } = [];

    public static ReferredMembers Read()
    {
        var referred = new ReferredMembers();
        foreach (var path in Directory.GetFiles(AppContext.BaseDirectory, "*.dll").Order(StringComparer.Ordinal))
        {
            using var file = new PEReader(File.OpenRead(path));
            if (file.HasMetadata && !PackageSet.Serves(Path.GetFileNameWithoutExtension(path)))
            {
                referred.Add(file.GetMetadataReader());
            }
        }

        return referred;
    }

    private void Add(MetadataReader reader)
    {
        var wanted = reader.AssemblyReferences.Where(handle => PackageSet.Serves(reader.GetString(reader.GetAssemblyReference(handle).Name))).ToHashSet();
        if (wanted.Count == 0)
        {
            return;
        }

        var module = Assembly.Load(reader.GetAssemblyDefinition().GetAssemblyName()).ManifestModule;
        var types = reader.TypeReferences.Where(handle => IsIn(reader, handle, wanted)).ToHashSet();
        foreach (var handle in types)
        {
            Resolve(module, handle, reader.GetString(reader.GetTypeReference(handle).Name), token => Types.Add(module.ResolveType(token)));
        }

        foreach (var handle in reader.MemberReferences)
        {
            var reference = reader.GetMemberReference(handle);
            if (reference.Parent.Kind == HandleKind.TypeReference && types.Contains((TypeReferenceHandle)reference.Parent))
            {
                Resolve(module, handle, reader.GetString(reference.Name), token => Members.Add(module.ResolveMember(token)!));
            }
        }
    }

    private static bool IsIn(MetadataReader reader, TypeReferenceHandle handle, HashSet<AssemblyReferenceHandle> wanted)
    {
        var scope = reader.GetTypeReference(handle).ResolutionScope;
        return scope.Kind == HandleKind.TypeReference
            ? IsIn(reader, (TypeReferenceHandle)scope, wanted)
            : scope.Kind == HandleKind.AssemblyReference && wanted.Contains((AssemblyReferenceHandle)scope);
    }

    private void Resolve(Module module, EntityHandle handle, string name, Action<int> resolve)
    {
        try
        {
            resolve(MetadataTokens.GetToken(handle));
        }
        catch (Exception e) when (e is TypeLoadException or MissingMemberException or FileNotFoundException)
        {
            Broken.Add($"{module.Name} refers to {name}: {e.Message}");
        }
    }
}
