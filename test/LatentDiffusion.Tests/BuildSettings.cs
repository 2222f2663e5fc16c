using System.Reflection;

namespace LatentDiffusion.Tests;

/// <summary>Settings from the build for tests that start other programs.</summary>
internal static class BuildSettings
{
    public static string Get(string name) => typeof(BuildSettings).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == name).Value!;

    /// <summary>Path of a sample's assembly, built before the tests are.</summary>
    public static string Sample(string name) => Program("samples", name);

    /// <summary>Path of the assembly of the benchmarks, built before the tests are.</summary>
    public static string Benchmarks => Program("test", "LatentDiffusion.Benchmarks");

    /// <summary>Path of the program that runs snippets of the documentation, built before the tests are.</summary>
    public static string Snippets => Program("test", "LatentDiffusion.Snippets");

    /// <summary>Path of the assembly of a project, which may not be built.</summary>
    /// <param name="project">Path of the project's folder, from the root of the repository.</param>
    public static string ProgramOf(string project) =>
        Path.Combine(Get("RepositoryRoot"), project, "bin", Get("Configuration"), "net10.0", $"{Path.GetFileName(project)}.dll");

    private static string Program(string folder, string name) => ProgramOf(Path.Combine(folder, name));
}
