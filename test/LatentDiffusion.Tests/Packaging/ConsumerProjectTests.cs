using System.IO.Compression;
using System.Runtime.InteropServices;
using Xunit;

namespace LatentDiffusion.Tests.Packaging;

/// <summary>
/// A console project outside the repository that references nothing but the packed packages builds, runs and, published,
/// runs again. Restores from the packed files and from packages that are on this machine: nothing is downloaded.
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
        foreach (string project in new[] { "LatentDiffusion.Abstractions", "LatentDiffusion", "LatentDiffusion.Models.Drawings" })
            DotnetCommand.Run(
                repository,
                "pack", $"src/{project}",
                "-c", BuildSettings.Get("Configuration"),
                "--no-restore",
                "-o", folder["feed"],
                $"-p:Version={Version}",
                $"-p:BaseOutputPath={folder["bin"]}/",
                $"-p:IntermediateOutputPath={folder["obj"]}/{project}/");

        Assert.Contains(
            $"id=\"LatentDiffusion.Abstractions\" version=\"[{Version}]\"",
            Nuspec(folder["feed"], "LatentDiffusion"),
            StringComparison.Ordinal);

        string home = folder["stranger"];
        Directory.CreateDirectory(home);
        File.WriteAllText(Path.Combine(home, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="packed" value="{folder["feed"]}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="here" value="{packages}" /></fallbackPackageFolders>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(home, "Stranger.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings>
                <RestorePackagesPath>{folder["packages"]}</RestorePackagesPath><TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="LatentDiffusion.Models.Drawings" Version="{Version}" />
                <PackageReference Include="libtorch-cpu-linux-x64" Version="{BuildSettings.Get("LibTorchVersion")}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(home, "Program.cs"), """
            using LatentDiffusion;
            using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
            pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 2 }).Images[0].SavePng(args[0]);
            """);

        DotnetCommand.Run(home, "build", "-c", "Release");
        DotnetCommand.Run(home, Path.Combine("bin", "Release", "net10.0", "Stranger.dll"), "built.png");
        DotnetCommand.Run(home, "publish", "-c", "Release", "-o", "published");
        DotnetCommand.Run(home, Path.Combine("published", "Stranger.dll"), "published.png");

        ImageBuffer built = new SkiaImageCodec().Decode(File.ReadAllBytes(Path.Combine(home, "built.png")));
        ImageBuffer published = new SkiaImageCodec().Decode(File.ReadAllBytes(Path.Combine(home, "published.png")));
        Assert.Equal((128, 128), (built.Width, built.Height));
        Assert.Equal(built.Rgb, published.Rgb);
    }

    private static string Nuspec(string feed, string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(Path.Combine(feed, $"{package}.{Version}.nupkg"));
        using var reader = new StreamReader(archive.GetEntry($"{package}.nuspec")!.Open());
        return reader.ReadToEnd();
    }
}
