/** Functions people may use. Whatever reads files, other servers or the server's own state, or only costs time, is not
 *  here; what is not here is refused. Names in lower case. */
const NAMES = `
  exists and or not xor equals notequals less greater lessorequals greaterorequals in notin globalin globalnotin like notlike
  ilike notilike match isnull isnotnull isnullable ifnull nullif coalesce assumenotnull tonullable if multiif
  isnotdistinctfrom isdistinctfrom between lambda tuple tupleelement untuple array arrayelement map cast _cast
  plus minus multiply divide intdiv intdivorzero modulo moduloorzero positivemodulo negate abs gcd lcm max2 min2
  round roundbankers floor ceil ceiling trunc truncate rounddown roundage roundduration roundtoexp2 exp exp2 exp10 log log2 log10 ln
  sqrt cbrt pow power sign sin cos tan asin acos atan atan2 degrees radians pi e least greatest isfinite isinfinite
  isnan ifnotfinite sigmoid hypot width_bucket widthbucket bitand bitor bitxor bitnot bitshiftleft bitshiftright bittest
  todate todate32 todatetime todatetime64 todateornull todatetimeornull todatetime64ornull tounixtimestamp
  tounixtimestamp64milli fromunixtimestamp fromunixtimestamp64milli parsedatetime parsedatetimebesteffort
  parsedatetimebesteffortornull parsedatetime64besteffort now now64 today yesterday timezone totimezone
  toyear toquarter tomonth todayofyear todayofmonth todayofweek tohour tominute tosecond tomillisecond toisoyear
  toisoweek toweek toyearweek tostartofyear tostartofquarter tostartofmonth tostartofweek tomonday tostartofday
  tostartofhour tostartofminute tostartofsecond tostartoffiveminutes tostartoffiveminute tostartoftenminutes
  tostartoffifteenminutes tostartofinterval tolastdayofmonth toyyyymm toyyyymmdd toyyyymmddhhmmss timeslot timeslots
  datediff date_diff age dateadd datesub date_add date_sub timestampadd timestampsub date_trunc datetrunc dateName
  adddays addhours addminutes addseconds addmonths addweeks addyears addquarters subtractdays subtracthours year quarter month week day hour minute second dayofweek dayofmonth dayofyear
  date curdate current_date current_timestamp makedate makedatetime tostartofisoyear tostartofmillisecond
  subtractminutes subtractseconds subtractmonths subtractweeks subtractyears tointervalsecond tointervalminute
  tointervalhour tointervalday tointervalweek tointervalmonth tointervalquarter tointervalyear tointervalmillisecond
  formatdatetime monthname timeDiff
  tostring tofixedstring touint8 touint16 touint32 touint64 toint8 toint16 toint32 toint64 tofloat32 tofloat64
  todecimal32 todecimal64 todecimal128 tobool touint32ornull toint64ornull tofloat64ornull touint64ornull touint64orzero
  touint8ornull touint16ornull toint32ornull toint32orzero touint32orzero tofloat32ornull todateorzero
  toint64orzero tofloat64orzero tolowcardinality totypename accuratecast accuratecastornull reinterpretasuint64
  length lengthutf8 empty notempty lower upper lowerutf8 upperutf8 initcap reverse reverseutf8 concat concatwithseparator
  substring substringutf8 substr left right leftutf8 rightutf8 trim trimleft trimright trimboth ltrim rtrim leftpad
  rightpad lpad rpad repeat space replace replaceone replaceall replaceregexpone replaceregexpall position positionutf8 instr ucase lcase char_length character_length concat_ws substringindex mid mod
  positioncaseinsensitive locate startswith endswith hassubstr countsubstrings splitbychar splitbystring splitbyregexp
  splitbywhitespace splitbynonalpha alphatokens extract extractall extractgroups extractallgroups multisearchany
  multisearchanycaseinsensitive format base64encode base64decode hex unhex char ascii
  tovalidutf8 isvalidutf8 hastoken ngrams tokens soundex domain domainwithoutwww
  topleveldomain protocol path cutquerystring decodeurlcomponent encodeurlcomponent normalizequery
  formatreadablesize formatreadablequantity formatreadabletimedelta formatreadabledecimalsize bar
  has hasall hasany indexof arraycount arraymap arrayfilter arraysort arrayreversesort arrayreverse arrayconcat
  arrayjoin arraydistinct arrayuniq arraysum arrayavg arraymin arraymax arrayproduct arrayfirst arraylast
  arrayfirstindex arraylastindex arrayexists arrayall arrayslice arraypushback arraypushfront arraypopback
  arraypopfront arrayzip arrayenumerate arrayenumerateuniq arraycumsum arraydifference arrayflatten flatten arraycompact
  arrayintersect arraystringconcat arrayresize arrayelementornull arrayreduce range emptyarraystring
  mapkeys mapvalues mapcontains mapcontainskey mapadd mapfilter mapapply mapfromarrays tuplehammingdistance
  jsonextract jsonextractstring jsonextractint jsonextractuint jsonextractfloat jsonextractbool jsonextractraw
  jsonextractarrayraw jsonextractkeys jsonextractkeysandvalues jsonextractkeysandvaluesraw jsonhas jsonlength jsontype
  json_value json_query json_exists simplejsonextractstring simplejsonextractfloat simplejsonextractint simplejsonhas
  tojsonstring isvalidjson
  ipv4numtostring ipv4stringtonum ipv4stringtonumornull ipv4stringtonumordefault ipv6stringtonumornull ipv6stringtonumordefault ipv6numtostring ipv6stringtonum toipv4 toipv6 toipv4ornull
  toipv6ornull isipv4string isipv6string isipaddressinrange ipv4cidrtorange ipv6cidrtorange ipv4numtostringclassc
  cityhash64 siphash64 xxhash32 xxhash64 murmurhash3_64 md5 sha1 sha256 crc32 halfmd5 inthash32 inthash64
  geodistance greatcircledistance greatcircleangle
  row_number rank dense_rank percent_rank cume_dist ntile lag lead laginframe leadinframe first_value last_value
  nth_value ordinary nonnegativederivative exponentialmovingaverage exponentialtimedecayedavg exponentialtimedecayedsum
  exponentialtimedecayedcount grouping materialize identity ignore
`;

const AGGREGATES = `
  count sum any_value arg_min arg_max std stddev stddev_pop stddev_samp variance var_pop var_samp sumkahan sumwithoverflow avg avgweighted min max any anylast anyheavy argmin argmax uniq uniqexact uniqcombined
  uniqcombined64 uniqhll12 uniqthetasketch median medianexact quantile quantiles quantileexact quantilesexact
  quantiletdigest quantilestdigest quantiletiming quantilestiming quantileexactweighted quantiledeterministic
  stddevpop stddevsamp varpop varsamp covarpop covarsamp corr skewpop skewsamp kurtpop kurtsamp grouparray
  groupuniqarray grouparraysorted grouparraymovingsum grouparraymovingavg grouparraysample groupconcat topk topkweighted
  entropy summap minmap maxmap deltasum deltasumtimestamp simplelinearregression windowfunnel retention sequencematch
  sequencecount histogram boundingratio mannwhitneyutest studentttest welchttest kolmogorovsmirnovtest rankcorr
  groupbitand groupbitor groupbitxor first_value last_value sumcount maxintersections
`;

const COMBINATORS = [
  'if',
  'array',
  'map',
  'distinct',
  'ornull',
  'ordefault',
  'foreach',
  'argmin',
  'argmax',
  'resample',
];

const words = (text: string) =>
  new Set(
    text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== ''),
  );
const functions = words(NAMES);
const aggregates = words(AGGREGATES);

const MEMBERSHIP: ReadonlySet<string> = new Set(['in', 'notin', 'globalin', 'globalnotin']);

/** True for IN and its kin, whose right side may be the name of a table. */
export function isMembership(name: string): boolean {
  return MEMBERSHIP.has(
    name
      .toLowerCase()
      .replace(/^(null|global(?=null))/, '')
      .replace(/ignoreset$/, ''),
  );
}

/** True for functions people may use, aggregates with their combinators (`sumIf`, `uniqExactOrNull`) included. */
export function isAllowedFunction(name: string): boolean {
  const lower = name.toLowerCase();
  if (functions.has(lower)) return true;
  let base = lower;
  for (let depth = 0; depth < 4; depth += 1) {
    if (aggregates.has(base)) return true;
    const combinator = COMBINATORS.find((one) => base.endsWith(one));
    if (combinator === undefined) return false;
    base = base.slice(0, -combinator.length);
  }
  return false;
}
