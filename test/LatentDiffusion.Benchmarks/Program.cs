using LatentDiffusion.Benchmarks;

if (args is not ["schedulers", .. var rest] || rest.Length > 1)
{
    Console.Error.WriteLine("Usage: dotnet run -c Release --project test/LatentDiffusion.Benchmarks -- schedulers [docs folder]");
    return 2;
}

SchedulerBenchmark.Write(rest.Length == 1 ? rest[0] : "docs", Console.Out);
return 0;
