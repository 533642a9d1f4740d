using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace Parley.Tests.Architecture;

/// <summary>A member that names a type of another folder.</summary>
/// <param name="Folder">The folder of the member's outermost type.</param>
/// <param name="Member">The member, after its type: <c>MessageAppend.AppendAsync</c>.</param>
/// <param name="TargetFolder">The folder of the named type.</param>
/// <param name="Target">The named type.</param>
/// <param name="IsRegistration">True in a class that registers services: a static one named <c>…Services</c>.</param>
internal sealed record LayerReference(
    string Folder, string Member, string TargetFolder, string Target, bool IsRegistration);

/// <summary>
/// Reads the references between folders from a compiled assembly. A folder is a namespace below a root. Everything that
/// a source file can name is found, except constants: the compiler writes their values and leaves no trace of their
/// types. Nor do names in comments leave any.
/// </summary>
internal sealed partial class LayerReferences
{
    private readonly PEReader file;
    private readonly MetadataReader reader;
    private readonly string root;
    private readonly NamedTypes types = new();
    private readonly HashSet<LayerReference> found = [];

    private LayerReferences(PEReader file, string root)
    {
        this.file = file;
        this.root = root;
        reader = file.GetMetadataReader();
    }

    /// <summary>Reads an assembly's references, each once.</summary>
    /// <param name="assembly">The assembly; its file is read.</param>
    /// <param name="root">The namespace of which the folders are.</param>
    public static IReadOnlyCollection<LayerReference> Read(Assembly assembly, string root)
    {
        using var opened = new PEReader(File.OpenRead(assembly.Location));
        var references = new LayerReferences(opened, root);
        foreach (var handle in references.reader.TypeDefinitions)
        {
            references.ReadType(handle);
        }

        return references.found;
    }

    private void ReadType(TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        Name(type.GetCustomAttributes());
        Name(type.BaseType);
        foreach (var implementation in type.GetInterfaceImplementations().Select(reader.GetInterfaceImplementation))
        {
            Name(implementation.GetCustomAttributes());
            Name(implementation.Interface);
        }

        Name(type.GetGenericParameters());
        foreach (var implementation in type.GetMethodImplementations().Select(reader.GetMethodImplementation))
        {
            Name(implementation.MethodDeclaration);
        }

        Add(handle, "");
        foreach (var field in type.GetFields().Select(reader.GetFieldDefinition))
        {
            Name(field.GetCustomAttributes());
            field.DecodeSignature(types, null);
            Add(handle, reader.GetString(field.Name));
        }

        foreach (var property in type.GetProperties().Select(reader.GetPropertyDefinition))
        {
            Name(property.GetCustomAttributes());
            property.DecodeSignature(types, null);
            Add(handle, reader.GetString(property.Name));
        }

        foreach (var change in type.GetEvents().Select(reader.GetEventDefinition))
        {
            Name(change.GetCustomAttributes());
            Name(change.Type);
            Add(handle, reader.GetString(change.Name));
        }

        foreach (var method in type.GetMethods().Select(reader.GetMethodDefinition))
        {
            ReadMethod(method);
            Add(handle, reader.GetString(method.Name));
        }
    }

    private void ReadMethod(MethodDefinition method)
    {
        Name(method.GetCustomAttributes());
        method.DecodeSignature(types, null);
        Name(method.GetGenericParameters());
        foreach (var parameter in method.GetParameters().Select(reader.GetParameter))
        {
            Name(parameter.GetCustomAttributes());
        }

        if (method.RelativeVirtualAddress == 0)
        {
            return;
        }

        var body = file.GetMethodBody(method.RelativeVirtualAddress);
        Name(body.LocalSignature);
        foreach (var region in body.ExceptionRegions)
        {
            Name(region.CatchType);
        }

        foreach (var token in MethodTokens.Read(body))
        {
            Name(token);
        }
    }

    private void Name(CustomAttributeHandleCollection attributes)
    {
        foreach (var attribute in attributes.Select(reader.GetCustomAttribute))
        {
            Name(attribute.Constructor);
            attribute.DecodeValue(types);
        }
    }

    private void Name(GenericParameterHandleCollection parameters)
    {
        foreach (var parameter in parameters.Select(reader.GetGenericParameter))
        {
            Name(parameter.GetCustomAttributes());
            foreach (var constraint in parameter.GetConstraints().Select(reader.GetGenericParameterConstraint))
            {
                Name(constraint.GetCustomAttributes());
                Name(constraint.Type);
            }
        }
    }

    /// <summary>Collects the types that a token names.</summary>
    private void Name(EntityHandle handle)
    {
        if (handle.IsNil)
        {
            return;
        }

        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                types.GetTypeFromDefinition(reader, (TypeDefinitionHandle)handle, 0);
                break;
            case HandleKind.TypeReference:
                types.GetTypeFromReference(reader, (TypeReferenceHandle)handle, 0);
                break;
            case HandleKind.TypeSpecification:
                types.GetTypeFromSpecification(reader, null, (TypeSpecificationHandle)handle, 0);
                break;
            case HandleKind.FieldDefinition:
                Name(reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MethodDefinition:
                Name(reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                var member = reader.GetMemberReference((MemberReferenceHandle)handle);
                Name(member.Parent);
                if (member.GetKind() == MemberReferenceKind.Field)
                {
                    member.DecodeFieldSignature(types, null);
                }
                else
                {
                    member.DecodeMethodSignature(types, null);
                }

                break;
            case HandleKind.MethodSpecification:
                var method = reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                Name(method.Method);
                method.DecodeSignature(types, null);
                break;
            case HandleKind.StandaloneSignature:
                var signature = reader.GetStandaloneSignature((StandaloneSignatureHandle)handle);
                if (signature.GetKind() == StandaloneSignatureKind.Method)
                {
                    signature.DecodeMethodSignature(types, null);
                }
                else
                {
                    signature.DecodeLocalSignature(types, null);
                }

                break;
            default:
                throw new NotSupportedException($"A token of a {handle.Kind}.");
        }
    }

    /// <summary>Adds the collected types as references of a member.</summary>
    private void Add(TypeDefinitionHandle owner, string member)
    {
        var from = NamedTypes.Of(reader, owner);

        // Top-level statements and some generated types have no namespace of the root.
        var folder = FolderOf(from.Namespace) ?? FolderOf(reader.GetString(reader.GetAssemblyDefinition().Name)) ?? "";
        var name = SourceName([.. from.Path, member]);
        foreach (var to in types.Take())
        {
            if (FolderOf(to.Namespace) is { } target && target != folder)
            {
                found.Add(new LayerReference(folder, name, target, SourceName(to.Path), IsRegistration(owner)));
            }
        }
    }

    private bool IsRegistration(TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer
            ? IsRegistration(outer)
            : reader.GetString(type.Name).EndsWith("Services", StringComparison.Ordinal)
                && type.Attributes.HasFlag(TypeAttributes.Abstract | TypeAttributes.Sealed);
    }

    private string? FolderOf(string name) =>
        name == root ? ""
        : name.StartsWith(root + ".", StringComparison.Ordinal) ? name[(root.Length + 1)..]
        : null;

    /// <summary>
    /// The name in the source. The compiler names what it generates for a member with the member in angle brackets:
    /// <c>&lt;AppendAsync&gt;d__7</c> is the state of an async method. What it names without one is left out.
    /// </summary>
    private static string SourceName(IEnumerable<string> path)
    {
        var names = new List<string>();
        foreach (var part in path.Where(part => part.Length > 0))
        {
            var generated = Generated().Match(part);
            if (!generated.Success)
            {
                // An explicit implementation is named with its interface, and an accessor with a prefix.
                var name = part[(part.LastIndexOf('.') is var dot and > 0 ? dot + 1 : 0)..];
                names.Add(Accessor().Replace(name, ""));
            }
            else if (generated.Groups["member"].Length > 0)
            {
                names.Add(generated.Groups["member"].Value);
                break;
            }
        }

        return string.Join('.', names);
    }

    // Cached delegates of method groups are numbered: <0>__Read.
    [GeneratedRegex("^<+([0-9]*|(?<member>[^<>]*))>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Generated();

    [GeneratedRegex("^(get|set|init|add|remove)_", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Accessor();
}
