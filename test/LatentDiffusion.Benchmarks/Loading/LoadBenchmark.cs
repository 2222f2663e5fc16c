using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Writes the U-Net of Stable Diffusion 1.5, loads it with the library's public API, and compares time and memory with
/// reading and holding the file's bytes. The file is in the operating system's cache both times.
/// </summary>
/// <param name="stored">Type of the file's values.</param>
/// <param name="type">Type of the network's values; null for the file's.</param>
/// <param name="repetitions">Measurements of each, of which the median counts.</param>
/// <param name="log">Receives the results.</param>
internal sealed class LoadBenchmark(FloatType stored, FloatType? type, int repetitions, TextWriter log)
{
    /// <summary>Maximum cost of loading, as a multiple of the time of reading the bytes and of the weights' size.</summary>
    private const double MostTime = 2, MostMemory = 1.15;

    /// <returns>0 if both limits are met, 1 if not.</returns>
    public int Run(string? parent)
    {
        string folder = Path.Combine(parent ?? Path.GetTempPath(), $"load-benchmark-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            return Measure(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private int Measure(string folder)
    {
        long parameters = FormulaWeights.Write(folder, (ScalarType)stored), length = new FileInfo(FormulaWeights.FileIn(folder)).Length;
        FloatType loaded = type ?? stored;
        long weights = parameters * (loaded == FloatType.Float32 ? sizeof(float) : sizeof(ushort));
        log.WriteLine(
            $"U-Net of Stable Diffusion 1.5: {parameters:N0} parameters, {length / 1e9:0.00} GB in {stored}, loaded as {loaded}.");

        // The first read brings the whole file into the cache.
        FileReading.ReadElsewhere(FormulaWeights.FileIn(folder));
        var reads = new List<double>();
        var loads = new List<LoadMeasurement>();
        for (int i = 0; i < repetitions; i++)
        {
            reads.Add(FileReading.ReadElsewhere(FormulaWeights.FileIn(folder)));
            loads.Add(LoadMeasurement.LoadElsewhere(folder, stored, loaded));
        }

        double[] seconds = [.. loads.Select(l => l.Seconds)];
        double read = Median(reads), load = Median(seconds), packing = Median(loads.Select(l => l.PackingSeconds));
        double time = (load + packing) / read;
        long peak = loads.Max(l => l.PeakBytes);
        double memory = (double)peak / Math.Max(length, weights);
        log.WriteLine($"Reading the bytes    {read:0.000} s   {Times(reads)}");
        log.WriteLine($"Loading the network  {load:0.000} s   {Times(seconds)}");
        log.WriteLine($"Packing its weights  {packing:0.000} s");
        log.WriteLine($"Ratio of both        {time:0.00}      {Verdict(time, MostTime)}");
        string unit = weights > length ? "the weights" : "the file";
        log.WriteLine($"Peak memory          {peak / 1e9:0.00} GB, of {unit}: {memory:0.000}   {Verdict(memory, MostMemory)}");
        log.WriteLine($"Values as written in {loads.Min(l => l.Verified)} tensors.");
        return time <= MostTime && memory <= MostMemory ? 0 : 1;
    }

    private static string Verdict(double value, double most) => value <= most ? $"(kept: at most {most})" : $"(MISSED: at most {most})";

    private static double Median(IEnumerable<double> seconds) => seconds.Order().ElementAt(seconds.Count() / 2);

    private static string Times(IEnumerable<double> seconds) => $"({string.Join(", ", seconds.Select(s => $"{s:0.000}"))})";
}
