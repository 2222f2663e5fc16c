using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>One measurement, made in a process of its own so that nothing before it counts.</summary>
/// <param name="Seconds">How long it took.</param>
/// <param name="PeakBytes">The most memory that the process ever had.</param>
/// <param name="Verified">Tensors whose values were found as written.</param>
internal sealed record LoadMeasurement(double Seconds, long PeakBytes, int Verified)
{
    private const string ReadName = "measure-read", LoadName = "measure-load";

    /// <summary>The commands by which the benchmark calls itself.</summary>
    public static IEnumerable<Command> Commands()
    {
        var folder = new Argument<string>("folder");
        var stored = new Argument<FloatType>("stored");
        var type = new Argument<FloatType>("type");
        var read = new Command(ReadName) { folder };
        var load = new Command(LoadName) { folder, stored, type };
        read.Hidden = load.Hidden = true;
        read.SetAction(parsed => Print(Read(parsed.GetValue(folder)!)));
        load.SetAction(parsed => Print(Load(parsed.GetValue(folder)!, (ScalarType)parsed.GetValue(stored), (ScalarType)parsed.GetValue(type))));
        return [read, load];
    }

    /// <summary>Reads the file's bytes in another process.</summary>
    public static LoadMeasurement ReadElsewhere(string folder) => Elsewhere(ReadName, folder);

    /// <summary>Loads the network in another process.</summary>
    public static LoadMeasurement LoadElsewhere(string folder, FloatType stored, FloatType type) =>
        Elsewhere(LoadName, folder, stored.ToString(), type.ToString());

    private static LoadMeasurement Elsewhere(params string[] arguments)
    {
        string self = Environment.ProcessPath!;
        bool isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        var start = new ProcessStartInfo(self, isHost ? [typeof(LoadMeasurement).Assembly.Location, .. arguments] : arguments) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<LoadMeasurement>(output)!
            : throw new InvalidOperationException($"'{string.Join(' ', arguments)}' ended with {process.ExitCode}; its error is above.");
    }

    private static void Print(LoadMeasurement measurement) => Console.WriteLine(JsonSerializer.Serialize(measurement));

    /// <summary>The whole file, one piece after the other, into memory that the process never had before.</summary>
    private static unsafe LoadMeasurement Read(string folder)
    {
        const int PieceLength = 1 << 24;
        using var file = File.OpenHandle(FormulaWeights.FileIn(folder), options: FileOptions.SequentialScan);
        long length = RandomAccess.GetLength(file);
        void* memory = NativeMemory.Alloc((nuint)length);
        Stopwatch watch = Stopwatch.StartNew();
        for (long position = 0; position < length;)
            position += RandomAccess.Read(file, new Span<byte>((byte*)memory + position, (int)Math.Min(PieceLength, length - position)), position);
        double seconds = watch.Elapsed.TotalSeconds;
        NativeMemory.Free(memory);
        return new LoadMeasurement(seconds, Peak(), 0);
    }

    /// <summary>The time includes building the network and compiling the library's code, and not the loading of libtorch itself.</summary>
    private static LoadMeasurement Load(string folder, ScalarType stored, ScalarType type)
    {
        zeros(1).Dispose();
        Stopwatch watch = Stopwatch.StartNew();
        using UNet2DConditionModel network = DiffusersFolder.ReadUNet(folder, new CheckpointOptions { Type = type });
        double seconds = watch.Elapsed.TotalSeconds;
        long peak = Peak();
        return new LoadMeasurement(seconds, peak, FormulaWeights.Verify(network, stored));
    }

    private static long Peak()
    {
        const string Status = "/proc/self/status", Peak = "VmHWM:";
        if (File.Exists(Status) && File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(Peak, StringComparison.Ordinal)) is { } line)
            return 1024 * long.Parse(line[Peak.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        using Process self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64;
    }
}
