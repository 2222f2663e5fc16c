using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Cost of one decoding or encoding, in a separate process.</summary>
/// <param name="Seconds">Elapsed time.</param>
/// <param name="Bytes">Peak memory beyond that of the process before.</param>
/// <param name="ProcessBytes">Peak memory of the process, including the libraries.</param>
/// <param name="Shape">Shape of the result.</param>
internal sealed record DecodingMeasurement(double Seconds, long Bytes, long ProcessBytes, long[] Shape)
{
    private const string Name = "measure-decoding";

    // Large enough for the libraries to load and compile everything, small enough not to affect the memory measured.
    private const int WarmUpSide = 32;

    /// <summary>The command by which the benchmark calls itself.</summary>
    public static Command Command()
    {
        var autoencoder = new Option<string?>("--autoencoder");
        var encode = new Option<bool>("--encode");
        var tile = new Option<int?>("--tile");
        var overlap = new Option<double?>("--overlap");
        var passes = new Option<int?>("--passes");
        var input = new Argument<string>("input");
        var output = new Argument<string>("output");
        var shape = new Argument<string>("shape");
        var command = new Command(Name) { autoencoder, encode, tile, overlap, passes, input, output, shape };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            TilingOptions? options = parsed.GetValue(passes) is { } count
                ? new TilingOptions
                {
                    TileSize = parsed.GetValue(tile), Overlap = parsed.GetValue(overlap)!.Value, StatisticsPasses = count,
                }
                : null;
            long[] size = [.. parsed.GetValue(shape)!.Split('x').Select(n => long.Parse(n, CultureInfo.InvariantCulture))];
            using LatentAutoencoder whole = MeasuredAutoencoder.Open(parsed.GetValue(autoencoder));
            ChildProcess.Print(Measure(
                options is null ? whole : TiledAutoencoder.Wrap(whole, options), parsed.GetValue(encode), parsed.GetValue(input)!, size,
                parsed.GetValue(output)!));
        });
        return command;
    }

    /// <summary>Measures in another process.</summary>
    /// <param name="autoencoder">Folder of the autoencoder; null for the shipped one.</param>
    /// <param name="encode">Whether to encode instead of decoding.</param>
    /// <param name="options">How to tile the image; null to process it whole.</param>
    /// <param name="input">Path of the input, float32.</param>
    /// <param name="shape">Shape of the input.</param>
    /// <param name="output">Path for the result.</param>
    public static DecodingMeasurement Elsewhere(
        string? autoencoder, bool encode, TilingOptions? options, string input, long[] shape, string output)
    {
        List<string> arguments = [Name, input, output, string.Join('x', shape)];
        if (autoencoder is not null) arguments.AddRange("--autoencoder", autoencoder);
        if (encode) arguments.Add("--encode");
        if (options is not null)
        {
            arguments.AddRange("--passes", options.StatisticsPasses.ToString(CultureInfo.InvariantCulture));
            arguments.AddRange("--overlap", options.Overlap.ToString(CultureInfo.InvariantCulture));
            if (options.TileSize is { } size) arguments.AddRange("--tile", size.ToString(CultureInfo.InvariantCulture));
        }

        return ChildProcess.Run<DecodingMeasurement>(arguments);
    }

    private static DecodingMeasurement Measure(IAutoencoder autoencoder, bool encode, string input, long[] shape, string output)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor given = TensorFile.Read(input, shape);
        int side = encode ? WarmUpSide : WarmUpSide / autoencoder.DownsamplingFactor;
        Work(autoencoder, encode, zeros(1, shape[1], side, side)).Dispose();
        GC.Collect();
        PeakMemory.Restart();
        long before = PeakMemory.CurrentBytes;
        Stopwatch watch = Stopwatch.StartNew();
        Tensor result = Work(autoencoder, encode, given);
        double seconds = watch.Elapsed.TotalSeconds;
        long peak = PeakMemory.Bytes;
        TensorFile.Write(output, result);
        return new DecodingMeasurement(seconds, peak - before, peak, result.shape);
    }

    private static Tensor Work(IAutoencoder autoencoder, bool encode, Tensor given)
    {
        if (!encode) return autoencoder.Decode(given);
        LatentDistribution latents = autoencoder.Encode(given);
        latents.StandardDeviation?.Dispose();
        return latents.Mean;
    }
}
