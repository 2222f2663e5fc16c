using System.Collections.Immutable;
using System.Reflection.PortableExecutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>Compiles snippets as a new console project does that references the packages of <c>LatentDiffusion.Snippets</c>.</summary>
public sealed class SnippetCompiler
{
    // What ImplicitUsings adds to a console project.
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    internal static CSharpParseOptions Language { get; } = new(LanguageVersion.CSharp14);

    private static readonly SyntaxTree s_implicitUsings = Parse("usings.cs", ImplicitUsings);

    // The first two are not shown in any project. The page about hosting says that projects with IImageGenerator need the third.
    private static readonly string[] s_noWarnings = ["CS1701", "CS1702", "MEAI001"];

    private readonly CSharpCompilation _empty = CSharpCompilation.Create(
        "empty",
        references: References(),
        options: new CSharpCompilationOptions(
            OutputKind.ConsoleApplication,
            nullableContextOptions: NullableContextOptions.Enable,
            specificDiagnosticOptions: s_noWarnings.Select(id => KeyValuePair.Create(id, ReportDiagnostic.Suppress))));

    /// <summary>Compiles a snippet.</summary>
    /// <param name="snippet">The snippet.</param>
    /// <param name="path">Path of the assembly to write.</param>
    /// <returns>The errors and warnings, each with its place on the page.</returns>
    internal IReadOnlyList<string> Compile(Snippet snippet, string path)
    {
        // As it stands on the page; then once more with the small numbers, if there are any.
        string program = snippet.ToProgram(toRun: false), run = snippet.ToProgram(toRun: true);
        IReadOnlyList<string> messages = Compile(snippet, program, path);
        return messages.Count > 0 || program == run ? messages : Compile(snippet, run, path);
    }

    private IReadOnlyList<string> Compile(Snippet snippet, string program, string path)
    {
        var files = snippet.Files.Select(file => Parse(file, Repository.ReadSource(file)));
        OutputKind kind = snippet.HasStatements ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary;
        CSharpCompilation compilation = _empty
            .WithOptions(_empty.Options.WithOutputKind(kind))
            .WithAssemblyName(Path.GetFileNameWithoutExtension(path))
            .AddSyntaxTrees([s_implicitUsings, Parse("snippet.cs", program), .. files]);
        using FileStream file = File.Create(path);
        EmitResult result = compilation.Emit(file, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.Embedded));
        return [.. result.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning && !d.IsSuppressed).Select(Print)];
    }

    private static SyntaxTree Parse(string path, string code) => CSharpSyntaxTree.ParseText(code, Language, path, Encoding.UTF8);

    private static string Print(Diagnostic diagnostic)
    {
        FileLinePositionSpan place = diagnostic.Location.GetMappedLineSpan();
        return $"{place.Path}:{place.StartLinePosition.Line + 1}: {diagnostic.Id}: {diagnostic.GetMessage()}";
    }

    private static ImmutableArray<MetadataReference> References()
    {
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string packages = Path.GetDirectoryName(BuildSettings.Snippets)!;
        // Of the same version, next to the runtime: for pages about servers.
        string server = Path.Combine(
            Path.GetDirectoryName(Path.GetDirectoryName(framework))!, "Microsoft.AspNetCore.App", Path.GetFileName(framework));
        return
        [
            .. new[] { packages, framework, server }.SelectMany(folder => Directory.EnumerateFiles(folder, "*.dll"))
                .DistinctBy(Path.GetFileName).Where(IsManaged).Select(file => MetadataReference.CreateFromFile(file)),
        ];
    }

    private static bool IsManaged(string file)
    {
        using var reader = new PEReader(File.OpenRead(file));
        return reader.HasMetadata;
    }
}
