using Xunit;

namespace Parley.Tests.Architecture;

/// <summary>The layer test finds every reference that is planted in <c>Planted</c>.</summary>
public sealed class LayerReferencesTests
{
    private static readonly IReadOnlyCollection<LayerReference> Planted = LayerReferences.Read(
        typeof(LayerReferencesTests).Assembly, $"{typeof(LayerReferencesTests).Namespace}.Planted");

    private static readonly LayerRules Rules = LayerRules.Parse("High → Low\nHigh.Nested → High");

    [Theory]
    [InlineData("Body.Run", "NamedInBody")]
    [InlineData("TypeArgument.Run", "NamedAsTypeArgument")]
    [InlineData("Lambda.Run", "NamedInLambda")]
    [InlineData("AsyncState.RunAsync", "NamedInAsyncState")]
    [InlineData("IteratorState.Run", "NamedInIteratorState")]
    [InlineData("Base", "NamedAsBase")]
    [InlineData("Interface", "NamedInInterface")]
    [InlineData("Constraint.Run", "INamedAsConstraint")]
    [InlineData("Field.Value", "NamedAsField")]
    [InlineData("Property.Value", "NamedAsProperty")]
    [InlineData("Parameter.Run", "NamedAsParameter")]
    [InlineData("Record.Value", "NamedInRecord")]
    [InlineData("AttributeArgument", "NamedInAttribute")]
    [InlineData("AttributeOfParameter.Run", "NamedInAttributeOfParameter")]
    [InlineData("AttributeOfParameter.Run", "NamedInAttributeAsTypeArgument")]
    [InlineData("Attributed.Run", "NamedAsAttribute")]
    [InlineData("Catch.Run", "NamedInCatch")]
    [InlineData("TypeOf.Run", "NamedInTypeOf")]
    [InlineData("Cast.Run", "NamedInCast")]
    [InlineData("Test.Run", "NamedInTest")]
    [InlineData("Box.Run", "NamedInBox")]
    [InlineData("New.Run", "NamedInNew")]
    [InlineData("NewArray.Run", "NamedInArray")]
    [InlineData("Delegate.Run", "NamedInDelegate")]
    [InlineData("FieldRead.Run", "NamedByField")]
    [InlineData("GenericMember.Run", "NamedByGenericMember")]
    [InlineData("NestedTarget.Run", "Outer.NamedNested")]
    [InlineData("NestedSource.Inner.Run", "NamedInNestedType")]
    public void A_planted_reference_is_found(string member, string target)
    {
        var planted = new LayerReference("Low", member, "High.Nested", target, IsRegistration: false);

        Assert.Contains(planted, Planted);
        Assert.Equal([$"Low → High.Nested\n    {member} → {target}"], Rules.Forbidden([planted]));
    }

    [Fact]
    public void A_constant_leaves_no_trace() => Assert.DoesNotContain(Planted, one => one.Target == "OnlyAConstant");

    [Fact]
    public void Registration_is_recognized() =>
        Assert.Equal("LowServices.Run", Assert.Single(Planted, one => one.IsRegistration).Member);

    [Fact]
    public void A_planted_type_is_named_by_one_type_only() =>
        Assert.All(
            Planted.GroupBy(one => one.Target),
            found => Assert.Single(found.DistinctBy(one => one.Member.Split('.')[0])));
}
