using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace Parley.Tests.Architecture;

/// <summary>A type that metadata names.</summary>
/// <param name="Namespace">The namespace of the outermost type.</param>
/// <param name="Path">The names from the outermost type to this one, without the number of type parameters.</param>
internal readonly record struct NamedType(string Namespace, ImmutableArray<string> Path)
{
    public override string ToString() => string.Join('.', Path);
}

/// <summary>
/// Collects the types that signatures and attributes name, with all their type arguments. The decoder's own results
/// are assembly-qualified names, by which the types of enum arguments of attributes are loaded.
/// </summary>
internal sealed class NamedTypes : ISignatureTypeProvider<string, object?>, ICustomAttributeTypeProvider<string>
{
    private const string SystemType = "System.Type";
    private readonly List<NamedType> found = [];

    /// <summary>Removes and returns the types named since the last call.</summary>
    public IReadOnlyList<NamedType> Take()
    {
        var taken = found.ToList();
        found.Clear();
        return taken;
    }

    public static NamedType Of(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var name = WithoutArity(reader.GetString(type.Name));
        return type.GetDeclaringType() is { IsNil: false } outer
            ? Of(reader, outer) is var known ? known with { Path = known.Path.Add(name) } : default
            : new NamedType(reader.GetString(type.Namespace), [name]);
    }

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        found.Add(Of(reader, handle));
        var assembly = reader.GetString(reader.GetAssemblyDefinition().Name);
        return $"{ReflectionName(reader, handle)}, {assembly}";
    }

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
    {
        found.Add(Of(reader, handle));
        var name = "";
        while (true)
        {
            var type = reader.GetTypeReference(handle);
            name = reader.GetString(type.Name) + name;
            switch (type.ResolutionScope.Kind)
            {
                case HandleKind.TypeReference:
                    handle = (TypeReferenceHandle)type.ResolutionScope;
                    name = "+" + name;
                    continue;
                case HandleKind.AssemblyReference:
                    var assembly = reader.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope);
                    return $"{reader.GetString(type.Namespace)}.{name}, {reader.GetString(assembly.Name)}";
                default:
                    throw new NotSupportedException($"The type {name} is of a {type.ResolutionScope.Kind}.");
            }
        }
    }

    public string GetTypeFromSpecification(
        MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    /// <summary>A type argument of an attribute, as <c>typeof</c> writes it.</summary>
    public string GetTypeFromSerializedName(string name)
    {
        Add(TypeName.Parse(name));
        return name;
    }

    public PrimitiveTypeCode GetUnderlyingEnumType(string type)
    {
        var loaded = Type.GetType(type, throwOnError: true)!;
        return Enum.Parse<PrimitiveTypeCode>(Type.GetTypeCode(loaded.GetEnumUnderlyingType()).ToString());
    }

    public string GetSystemType() => SystemType;

    public bool IsSystemType(string type) => type.Split(',')[0] == SystemType;

    // A constructed type has no name of its own: its parts have been collected.
    public string GetArrayType(string elementType, ArrayShape shape) => elementType;

    public string GetByReferenceType(string elementType) => elementType;

    public string GetFunctionPointerType(MethodSignature<string> signature) => "";

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => genericType;

    public string GetGenericMethodParameter(object? genericContext, int index) => "";

    public string GetGenericTypeParameter(object? genericContext, int index) => "";

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

    public string GetPinnedType(string elementType) => elementType;

    public string GetPointerType(string elementType) => elementType;

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => "";

    public string GetSZArrayType(string elementType) => elementType;

    private static NamedType Of(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        var name = WithoutArity(reader.GetString(type.Name));
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? Of(reader, (TypeReferenceHandle)type.ResolutionScope) is var outer
                ? outer with { Path = outer.Path.Add(name) }
                : default
            : new NamedType(reader.GetString(type.Namespace), [name]);
    }

    private static string ReflectionName(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var name = reader.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer
            ? $"{ReflectionName(reader, outer)}+{name}"
            : $"{reader.GetString(type.Namespace)}.{name}";
    }

    private void Add(TypeName type)
    {
        if (type.IsConstructedGenericType)
        {
            foreach (var argument in type.GetGenericArguments())
            {
                Add(argument);
            }

            Add(type.GetGenericTypeDefinition());
        }
        else if (!type.IsSimple)
        {
            Add(type.GetElementType());
        }
        else
        {
            var path = new List<string> { WithoutArity(type.Name) };
            while (type.IsNested)
            {
                type = type.DeclaringType;
                path.Insert(0, WithoutArity(type.Name));
            }

            found.Add(new NamedType(type.Namespace, [.. path]));
        }
    }

    private static string WithoutArity(string name) => name.Split('`')[0];
}
