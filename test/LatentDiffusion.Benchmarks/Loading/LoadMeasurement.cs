using System.CommandLine;
using System.Diagnostics;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>One measurement, made in a separate process so that nothing before it affects it.</summary>
/// <param name="Seconds">Elapsed time.</param>
/// <param name="PeakBytes">Peak memory of the process.</param>
/// <param name="Verified">Number of tensors whose values were verified.</param>
internal sealed record LoadMeasurement(double Seconds, long PeakBytes, int Verified)
{
    /// <summary>Time of packing the weights for the inference form, in the first evaluation.</summary>
    public double PackingSeconds { get; init; }

    private const string LoadName = "measure-load";

    /// <summary>The commands with which the benchmark calls itself.</summary>
    public static IEnumerable<Command> Commands()
    {
        var folder = new Argument<string>("folder");
        var stored = new Argument<FloatType>("stored");
        var type = new Argument<FloatType>("type");
        var load = new Command(LoadName) { folder, stored, type };
        load.Hidden = true;
        load.SetAction(parsed => ChildProcess.Print(
            Load(parsed.GetValue(folder)!, (ScalarType)parsed.GetValue(stored), (ScalarType)parsed.GetValue(type))));
        return [load];
    }

    /// <summary>Loads the network in another process.</summary>
    public static LoadMeasurement LoadElsewhere(string folder, FloatType stored, FloatType type) =>
        ChildProcess.Run<LoadMeasurement>(LoadName, folder, stored.ToString(), type.ToString());

    /// <summary>The time includes building the network and compiling the library's code, but not loading libtorch.</summary>
    private static LoadMeasurement Load(string folder, ScalarType stored, ScalarType type)
    {
        zeros(1).Dispose();
        Stopwatch watch = Stopwatch.StartNew();
        using var network = DiffusersFolder.ReadNetwork<UNet2DConditionModel>(folder, new CheckpointOptions { Type = type });
        double seconds = watch.Elapsed.TotalSeconds;
        long peak = PeakMemory.Bytes;
        double packing = 0;
        if (type == ScalarType.Float32)
        {
            // The first evaluation packs the weights; the second costs what is not packing.
            double first = Evaluate(network);
            (packing, peak) = (Math.Max(0, first - Evaluate(network)), PeakMemory.Bytes);
        }

        return new LoadMeasurement(seconds, peak, FormulaWeights.Verify(network, stored)) { PackingSeconds = packing };
    }

    private static double Evaluate(UNet2DConditionModel network)
    {
        using IDisposable noGradient = no_grad();
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        var input = new UNetInput(zeros(2, 4, 8, 8), ones(1), zeros(2, 77, network.Config.CrossAttentionDim[0]));
        Stopwatch watch = Stopwatch.StartNew();
        network.call(input);
        return watch.Elapsed.TotalSeconds;
    }
}
