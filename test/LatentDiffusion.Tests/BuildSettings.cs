using System.Reflection;

namespace LatentDiffusion.Tests;

/// <summary>What the build tells the tests that start other programs.</summary>
internal static class BuildSettings
{
    public static string Get(string name) => typeof(BuildSettings).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == name).Value!;

    /// <summary>Path of a sample's assembly, built before the tests are.</summary>
    public static string Sample(string name) => Program("samples", name);

    /// <summary>Path of the assembly of the benchmarks, built before the tests are.</summary>
    public static string Benchmarks => Program("test", "LatentDiffusion.Benchmarks");

    private static string Program(string folder, string name) =>
        Path.Combine(Get("RepositoryRoot"), folder, name, "bin", Get("Configuration"), "net10.0", $"{name}.dll");
}
