using System.Diagnostics;

namespace LatentDiffusion.Tests.Samples;

/// <summary>Runs a sample as a user does, to its end.</summary>
internal static class SampleProgram
{
    public static (int ExitCode, string Output, string Error) Run(string name, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [BuildSettings.Sample(name), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
