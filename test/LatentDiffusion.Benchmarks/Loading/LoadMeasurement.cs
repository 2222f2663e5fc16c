using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>One measurement, made in a separate process so that nothing before it affects it.</summary>
/// <param name="Seconds">Elapsed time.</param>
/// <param name="PeakBytes">Peak memory of the process.</param>
/// <param name="Verified">Number of tensors whose values were verified.</param>
internal sealed record LoadMeasurement(double Seconds, long PeakBytes, int Verified)
{
    private const string ReadName = "measure-read", LoadName = "measure-load";

    /// <summary>The commands with which the benchmark calls itself.</summary>
    public static IEnumerable<Command> Commands()
    {
        var folder = new Argument<string>("folder");
        var stored = new Argument<FloatType>("stored");
        var type = new Argument<FloatType>("type");
        var read = new Command(ReadName) { folder };
        var load = new Command(LoadName) { folder, stored, type };
        read.Hidden = load.Hidden = true;
        read.SetAction(parsed => ChildProcess.Print(Read(parsed.GetValue(folder)!)));
        load.SetAction(parsed => ChildProcess.Print(
            Load(parsed.GetValue(folder)!, (ScalarType)parsed.GetValue(stored), (ScalarType)parsed.GetValue(type))));
        return [read, load];
    }

    /// <summary>Reads the file's bytes in another process.</summary>
    public static LoadMeasurement ReadElsewhere(string folder) => ChildProcess.Run<LoadMeasurement>(ReadName, folder);

    /// <summary>Loads the network in another process.</summary>
    public static LoadMeasurement LoadElsewhere(string folder, FloatType stored, FloatType type) =>
        ChildProcess.Run<LoadMeasurement>(LoadName, folder, stored.ToString(), type.ToString());

    /// <summary>Reads the whole file in pieces into memory that the process did not use before.</summary>
    private static unsafe LoadMeasurement Read(string folder)
    {
        const int PieceLength = 1 << 24;
        using var file = File.OpenHandle(FormulaWeights.FileIn(folder), options: FileOptions.SequentialScan);
        long length = RandomAccess.GetLength(file);
        void* memory = NativeMemory.Alloc((nuint)length);
        Stopwatch watch = Stopwatch.StartNew();
        for (long position = 0; position < length;)
        {
            var piece = new Span<byte>((byte*)memory + position, (int)Math.Min(PieceLength, length - position));
            position += RandomAccess.Read(file, piece, position);
        }

        double seconds = watch.Elapsed.TotalSeconds;
        NativeMemory.Free(memory);
        return new LoadMeasurement(seconds, PeakMemory.Bytes, 0);
    }

    /// <summary>The time includes building the network and compiling the library's code, but not loading libtorch.</summary>
    private static LoadMeasurement Load(string folder, ScalarType stored, ScalarType type)
    {
        zeros(1).Dispose();
        Stopwatch watch = Stopwatch.StartNew();
        using var network = DiffusersFolder.ReadNetwork<UNet2DConditionModel>(folder, new CheckpointOptions { Type = type });
        double seconds = watch.Elapsed.TotalSeconds;
        long peak = PeakMemory.Bytes;
        return new LoadMeasurement(seconds, peak, FormulaWeights.Verify(network, stored));
    }
}
