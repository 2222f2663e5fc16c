namespace LatentDiffusion.Tests;

/// <summary>Kinds of tests that not every run of the suite takes: values of the trait <see cref="Name"/>.</summary>
internal static class TestCategories
{
    public const string Name = "Category";

    /// <summary>Takes half a minute or more. Plain <c>dotnet test</c> leaves it out.</summary>
    public const string Long = "Long";

    /// <summary>
    /// Repeats what another test does a few times until chance would find more. Continuous integration runs it with <c>.ci/run --all</c>,
    /// before a release. Such a test is also <see cref="Long"/>.
    /// </summary>
    public const string Soak = "Soak";

    /// <summary>Drives a browser for minutes. <c>.ci/run --all</c> includes it. Such a test is also <see cref="Long"/>.</summary>
    public const string Browser = "Browser";

    /// <summary>
    /// Starts samples and tools as processes. Of the other tests, continuous integration repeats those that compare numbers with the
    /// instruction sets of older CPUs.
    /// </summary>
    public const string Program = "Program";
}
