using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion.Files;

/// <summary>Contracts of JSON texts that the compiler generates, so that trimmed applications read and write them.</summary>
internal static class JsonContracts
{
    /// <summary>
    /// Lets properties that a text lacks keep the values of a record. Generated contracts pass every <c>init</c> property to the
    /// constructor, zero where the text lacks it.
    /// </summary>
    /// <param name="generated">The contracts.</param>
    /// <param name="makers">Makes a record with its defaults, by type.</param>
    public static IJsonTypeInfoResolver WithDefaults(
        this IJsonTypeInfoResolver generated, IReadOnlyDictionary<Type, Func<object>> makers) => generated.WithAddedModifier(contract =>
    {
        if (!makers.TryGetValue(contract.Type, out Func<object>? make)) return;
        contract.CreateObject = make;
        foreach (JsonPropertyInfo property in contract.Properties)
        {
            if (property.AttributeProvider is PropertyInfo { CanWrite: true } member)
                property.Set = (record, value) => Set(member, record, value);
        }
    });

    /// <summary>
    /// Adds contracts by reflection, for types of the application: configurations of its model families, options of its guidance.
    /// A trimmed application has none; its types are then not supported.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Applications without reflection do not reach it.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Applications without reflection do not reach it.")]
    public static IJsonTypeInfoResolver WithReflection(this IJsonTypeInfoResolver generated) => JsonSerializer.IsReflectionEnabledByDefault
        ? JsonTypeInfoResolver.Combine(generated, new DefaultJsonTypeInfoResolver())
        : generated;

    /// <summary>The contract of a type.</summary>
    public static JsonTypeInfo<T> Of<T>(this JsonSerializerOptions options) => (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));

    private static void Set(PropertyInfo member, object record, object? value) =>
        member.SetValue(record, value, BindingFlags.DoNotWrapExceptions, binder: null, index: null, culture: null);
}
