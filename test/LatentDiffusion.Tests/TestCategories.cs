namespace LatentDiffusion.Tests;

/// <summary>Kinds of tests that not every run of the suite takes: values of the trait <see cref="Name"/>.</summary>
internal static class TestCategories
{
    public const string Name = "Category";

    /// <summary>Takes half a minute or more. Plain <c>dotnet test</c> leaves it out.</summary>
    public const string Long = "Long";

    /// <summary>
    /// Starts samples and tools as processes. Of the other tests, continuous integration repeats those that compare numbers with the
    /// instruction sets of older CPUs.
    /// </summary>
    public const string Program = "Program";
}
