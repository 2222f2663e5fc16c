using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// An engine in a separate process with its own threads and settings. It evaluates on request; between requests its threads
/// sleep, so that the other engine has the machine.
/// </summary>
internal sealed class PeerProcess : IDisposable
{
    private const string Name = "evaluate-peer";
    private const string Evaluate = "evaluate", Write = "write", Count = "count";

    private readonly Process _process;

    /// <param name="options">The engine.</param>
    public PeerProcess(PeerEngineOptions options) => _process = ChildProcess.Start(Name, options.ToArgument());

    /// <summary>The command with which the benchmark calls itself.</summary>
    public static Command Command()
    {
        var options = new Argument<string>("options");
        var command = new Command(Name) { options };
        command.Hidden = true;
        command.SetAction(parsed => Serve(PeerEngineOptions.Parse(parsed.GetValue(options)!)));
        return command;
    }

    /// <summary>Evaluates the network once. Time and processor time are those of the process itself.</summary>
    public PeerEvaluation Time() => Ask<PeerEvaluation>(Evaluate);

    /// <summary>Evaluates the network once.</summary>
    /// <param name="path">File that receives the output, which is read and deleted.</param>
    /// <returns>The output, row-major.</returns>
    public float[] Output(string path)
    {
        Ask<bool>($"{Write} {path}");
        byte[] bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
    }

    /// <summary>Floating-point operations of one evaluation: <see cref="LibraryEngine.CountOperations"/>.</summary>
    public double CountOperations() => Ask<double>(Count);

    /// <summary>Ends the process.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private T Ask<T>(string request)
    {
        _process.StandardInput.WriteLine(request);
        _process.StandardInput.Flush();
        string answer = _process.StandardOutput.ReadLine()
            ?? throw new MeasurementException("The process of an engine ended; its error is above.");
        return JsonSerializer.Deserialize<T>(answer)!;
    }

    private static void Serve(PeerEngineOptions options)
    {
        using IPeerEngine engine = options.Open();
        while (Console.ReadLine() is { } request)
        {
            switch (request.Split(' ', 2))
            {
                case [Evaluate]:
                    ChildProcess.Print(PeerEvaluation.Measure(engine));
                    break;
                case [Write, var path]:
                    File.WriteAllBytes(path, MemoryMarshal.AsBytes(engine.Evaluate().AsSpan()));
                    ChildProcess.Print(true);
                    break;
                case [Count]:
                    ChildProcess.Print(((LibraryEngine)engine).CountOperations());
                    break;
                default:
                    throw new NotSupportedException($"'{request}' is not a request.");
            }
        }
    }
}
