using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>The commands on the pages name projects and files that exist, and options that their programs have.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed partial class ShellCommandTests(StandIns standIns) : IClassFixture<StandIns>, IDisposable
{
    /// <summary>Samples that end after a few images.</summary>
    private static readonly string[] s_quick =
        ["samples/TextToImage", "samples/StableDiffusion", "samples/CustomScheduler", "samples/CustomComponents"];


    private static readonly ConcurrentDictionary<string, string> s_help = [];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Pages => [.. Repository.Pages.Where(page => Commands(page).Any())];

    public static TheoryData<string> QuickPages => [.. Repository.Pages.Where(page => QuickCommands(page).Any())];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(QuickPages))]
    public void Commands_that_generate_run(string page)
    {
        foreach ((int index, ShellCommand command) in QuickCommands(page).Index())
        {
            string folder = Directory.CreateDirectory(_folder[$"{index}"]).FullName;
            Directory.CreateSymbolicLink(Path.Combine(folder, "src"), Path.Combine(Repository.Root, "src"));
            standIns.Write([.. command.Arguments.Select(PathOf)], folder, _folder["hub"]);
            (int exitCode, string output) = Run(folder, [command.Program, .. command.Arguments]);
            Assert.True(exitCode == 0, $"{command.Place}: {output}");
        }
    }

    [Theory, MemberData(nameof(Pages))]
    public void Commands_name_what_exists(string page)
    {
        List<string> wrong = [];
        foreach (ShellCommand command in Commands(page))
        {
            if (!File.Exists(command.Program))
            {
                wrong.Add($"{command.Place}: program of project '{command.Project}' not found; build the project first.");
                continue;
            }

            wrong.AddRange(
                from path in command.Arguments.Select(PathOf)
                where OfRepository().IsMatch(path) && !Path.Exists(Path.Combine(Repository.Root, path))
                select $"{command.Place}: '{path}' does not exist.");
            string help = Help(command);
            wrong.AddRange(
                from option in command.Options
                where !Regex.IsMatch(help, $@"(^|[\s,]){Regex.Escape(option)}([\s,]|$)")
                select $"{command.Place}: {command.Project} has no option {option}.");
        }

        Assert.True(wrong.Count == 0, $"\n{string.Join('\n', wrong)}");
    }

    private static IEnumerable<ShellCommand> QuickCommands(string page) =>
        Commands(page).Where(command => s_quick.Contains(command.Project));

    /// <summary>A path without the scale or token that follows it.</summary>
    private static string PathOf(string argument) => argument.Split(':')[0];

    private static IEnumerable<ShellCommand> Commands(string page) => FencedBlock.Read(page).SelectMany(ShellCommand.Read);

    /// <summary>The help of a program, or of its command that the arguments begin with.</summary>
    private static string Help(ShellCommand command)
    {
        List<string> commands = [];
        string help = "";
        foreach (string argument in command.Arguments.Prepend(""))
        {
            string listed = $@"Commands:(.|\n)*^\s+{Regex.Escape(argument)}(\s|$)";
            if (argument.Length > 0 && !Regex.IsMatch(help, listed, RegexOptions.Multiline)) break;
            if (argument.Length > 0) commands.Add(argument);
            string[] program = [command.Program, .. commands, "--help"];
            help = s_help.GetOrAdd(string.Join(' ', program), _ => Run(".", program).Output);
        }

        return help;
    }

    private static (int ExitCode, string Output) Run(string folder, string[] program)
    {
        var start = new ProcessStartInfo("dotnet", program)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    [GeneratedRegex("^(samples|src|test|tools)/")]
    private static partial Regex OfRepository();
}
