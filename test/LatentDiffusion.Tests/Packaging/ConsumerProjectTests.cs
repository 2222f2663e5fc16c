using System.IO.Compression;
using System.Runtime.InteropServices;
using Xunit;

namespace LatentDiffusion.Tests.Packaging;

/// <summary>
/// A console project of the packed template, outside the repository, builds with nothing but the packed packages, runs and, published,
/// runs again, without reflection-based JSON as where code is trimmed or compiled ahead of time. Restores from the packed files and from
/// packages that are on this machine: nothing is downloaded.
/// </summary>
[Trait(TestCategories.Name, TestCategories.Long)]
public sealed class ConsumerProjectTests
{
    private const string Version = "0.0.1-test";

    [Fact]
    public void The_packages_alone_generate_an_image_built_and_published()
    {
        Assert.SkipUnless(RuntimeInformation.IsOSPlatform(OSPlatform.Linux), "The project is written for the Linux build of libtorch.");
        string repository = BuildSettings.Get("RepositoryRoot"), packages = BuildSettings.Get("PackagesRoot");
        using var folder = new TemporaryFolder();
        string[] projects =
        [
            "src/LatentDiffusion.Abstractions", "src/LatentDiffusion", "src/LatentDiffusion.Models.Drawings",
            "templates/LatentDiffusion.Templates",
        ];
        foreach (string project in projects)
            DotnetCommand.Run(
                repository,
                "pack", project,
                "-c", BuildSettings.Get("Configuration"),
                "--no-restore",
                "-o", folder["feed"],
                $"-p:Version={Version}",
                // The build analyzed this code already; here it takes longer than everything else together.
                "-p:RunAnalyzers=false",
                $"-p:BaseOutputPath={folder["bin"]}/",
                $"-p:IntermediateOutputPath={folder["obj"]}/{Path.GetFileName(project)}/");

        Assert.Contains(
            $"id=\"LatentDiffusion.Abstractions\" version=\"[{Version}]\"",
            Entry(folder["feed"], "LatentDiffusion", "LatentDiffusion.nuspec"),
            StringComparison.Ordinal);
        foreach (string package in projects.Select(project => Path.GetFileName(project)))
        {
            string readme = Entry(folder["feed"], package, "README.md");
            Assert.Contains("](https://", readme, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"\]\((?!https?:|#)", readme);
        }

        string home = folder["stranger"];
        string hive = folder["hive"], templates = Path.Combine(folder["feed"], $"LatentDiffusion.Templates.{Version}.nupkg");
        DotnetCommand.Run(repository, "new", "install", templates, "--debug:custom-hive", hive);
        DotnetCommand.Run(
            repository, "new", "latentdiffusion", "-n", "Stranger", "-o", home, "--skipRestore", "--debug:custom-hive", hive);
        File.WriteAllText(Path.Combine(home, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="packed" value="{folder["feed"]}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="here" value="{packages}" /></fallbackPackageFolders>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(home, "Directory.Build.props"), $"""
            <Project>
              <PropertyGroup>
                <RestorePackagesPath>{folder["packages"]}</RestorePackagesPath><TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <JsonSerializerIsReflectionEnabledByDefault>false</JsonSerializerIsReflectionEnabledByDefault>
              </PropertyGroup>
            </Project>
            """);

        DotnetCommand.Run(home, "build", "-c", "Release");
        DotnetCommand.Run(home, Path.Combine("bin", "Release", "net10.0", "Stranger.dll"), "a blue bird", "built.png");
        DotnetCommand.Run(home, "publish", "-c", "Release", "-o", "published");
        DotnetCommand.Run(home, Path.Combine("published", "Stranger.dll"), "a blue bird", "published.png");

        ImageBuffer built = new SkiaImageCodec().Decode(File.ReadAllBytes(Path.Combine(home, "built.png")));
        ImageBuffer published = new SkiaImageCodec().Decode(File.ReadAllBytes(Path.Combine(home, "published.png")));
        Assert.Equal((128, 128), (built.Width, built.Height));
        Assert.Equal(built.Rgb, published.Rgb);
    }

    private static string Entry(string feed, string package, string name)
    {
        using ZipArchive archive = ZipFile.OpenRead(Path.Combine(feed, $"{package}.{Version}.nupkg"));
        using var reader = new StreamReader(archive.GetEntry(name)!.Open());
        return reader.ReadToEnd();
    }
}
