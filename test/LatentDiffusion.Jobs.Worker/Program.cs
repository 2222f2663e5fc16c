using LatentDiffusion.Jobs.Worker;

// A worker of a durable queue as a process that tests kill, the same images without a queue, and a long run of several workers.
switch (args)
{
    case ["work", var database, var connection, var store]:
        await WorkCommand.RunAsync(new QueueLocation(database, connection, store));
        return 0;
    case ["alone", var folder, var count, var steps]:
        await AloneCommand.RunAsync(folder, int.Parse(count, null), int.Parse(steps, null), warmUps: 1);
        return 0;
    case ["alone", var folder, var count, var steps, var warmUps]:
        await AloneCommand.RunAsync(folder, int.Parse(count, null), int.Parse(steps, null), int.Parse(warmUps, null));
        return 0;
    case ["throughput", var database, var jobs, var rounds]:
        await ThroughputCommand.RunAsync(database, int.Parse(jobs, null), int.Parse(rounds, null));
        return 0;
    case ["soak", var database, var jobs, var kills, var cuts]:
        return await SoakCommand.RunAsync(database, int.Parse(jobs, null), int.Parse(kills, null), int.Parse(cuts, null));
    default:
        Console.Error.WriteLine("""
            work sqlite|postgres <path or connection> <image folder>
            alone <folder> <jobs> <steps> [jobs before the measured ones]
            throughput sqlite|postgres <jobs> <rounds>
            soak sqlite|postgres <jobs> <kills> <cuts of the network>
            """);
        return 2;
}
