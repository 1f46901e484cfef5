// `iam-policy evaluate` beside npm's @cloud-copilot/iam-simulate, on random requests.
//
//   npm install @cloud-copilot/iam-simulate   (in another folder; AGPL: run beside, never linked or copied)
//   NODE_PATH=…/node_modules node compare.mjs ENGINE [DECISIONS] [SEED]
//
// Differences of the kinds that docs/policy-engine/evaluate.md explains are counted; any other ends
// with 1.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [engine, decisions = '2000', start = '1'] = process.argv.slice(2)
const require = createRequire((process.env.NODE_PATH ?? '.') + '/')
const { runSimulation } = await import(pathToFileURL(require.resolve('@cloud-copilot/iam-simulate')).href)

let state = Number(start)
/** A number from 0 to 1 (mulberry32). */
const random = () => {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
}
const pick = (pool) => pool[Math.floor(random() * pool.length)]
const some = (pool) => Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(pool))
const often = (share) => random() < share

const OURS = '111111111111'
const PRINCIPALS = [
  `arn:aws:iam::${OURS}:user/alice`,
  `arn:aws:iam::${OURS}:role/app`,
  `arn:aws:sts::${OURS}:assumed-role/app/s`,
  'arn:aws:iam::222222222222:user/bob',
  `arn:aws:iam::${OURS}:root`,
  `arn:aws:sts::${OURS}:federated-user/alice`,
]
const RESOURCES = {
  's3:GetObject': ['arn:aws:s3:::b/x', 'arn:aws:s3:::b/alice/y'],
  's3:PutObject': ['arn:aws:s3:::b/x'],
  's3:ListBucket': ['arn:aws:s3:::b'],
  'sqs:SendMessage': [`arn:aws:sqs:eu-west-1:${OURS}:q`],
  'sts:AssumeRole': [`arn:aws:iam::${OURS}:role/app`],
  'sts:GetCallerIdentity': ['*'],
  'kms:Decrypt': [`arn:aws:kms:eu-west-1:${OURS}:key/1234abcd-12ab-34cd-56ef-1234567890ab`],
  'dynamodb:GetItem': [`arn:aws:dynamodb:eu-west-1:${OURS}:table/t`],
}
const ACTIONS = ['*', 's3:*', 's3:Get*', 's3:GetObject', 'sqs:*', 'sts:*', 'kms:*', 's3:List*', 'dynamodb:Get*']
const PATTERNS = [
  '*', 'arn:aws:s3:::b/*', 'arn:aws:s3:::b', 'arn:aws:s3:::b/${aws:username}/*', 'arn:aws:sqs:*:*:q',
  'arn:aws:s3:::*', `arn:aws:dynamodb:*:${OURS}:table/*`, 'arn:aws:kms:*:*:key/*', 'arn:aws:iam::*:role/*',
]
const CONDITIONS = [
  null, null, null,
  { StringEquals: { 'aws:PrincipalTag/team': 'a' } },
  { StringNotEquals: { 'aws:PrincipalTag/team': 'a' } },
  { StringNotEquals: { 'aws:PrincipalTag/team': '${aws:RequestedRegion}' } },
  { StringLike: { 'aws:PrincipalTag/team': ['a*', 'b'] } },
  { Bool: { 'aws:SecureTransport': 'true' } },
  { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
  { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
  { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/9' } },
  { Null: { 'aws:PrincipalTag/team': 'true' } },
  { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } },
  { 'ForAnyValue:StringLike': { 'aws:TagKeys': 'a*' } },
  { StringEqualsIfExists: { 'aws:RequestedRegion': 'eu-west-1' } },
  { DateLessThan: { 'aws:CurrentTime': '2027-01-01T00:00:00Z' } },
  { NumericLessThan: { 'aws:MultiFactorAuthAge': '300' } },
  { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${OURS}:role/*` } },
]

function statement(type) {
  const made = { Effect: pick(['Allow', 'Allow', 'Allow', 'Deny']) }
  made[type !== 'trust' && often(0.1) ? 'NotAction' : 'Action'] = type === 'trust' ? ['sts:AssumeRole'] : some(ACTIONS)
  if (type !== 'trust') made[often(0.12) ? 'NotResource' : 'Resource'] = some(PATTERNS)
  if (type !== 'identity') {
    const named = pick([...PRINCIPALS.slice(0, 5), OURS, '*'])
    const spare = made.Effect === 'Deny' && named !== '*' && often(0.1)
    made[spare ? 'NotPrincipal' : 'Principal'] = { AWS: named }
  }
  const condition = pick(CONDITIONS)
  return condition ? { ...made, Condition: condition } : made
}
const policy = (type) => ({
  Version: pick(['2012-10-17', '2012-10-17', '2012-10-17', '2008-10-17']),
  Statement: Array.from({ length: 1 + Math.floor(random() * 2) }, () => statement(type)),
})

function question() {
  const action = pick(Object.keys(RESOURCES))
  const principal = pick(PRINCIPALS)
  const context = { 'aws:CurrentTime': pick(['2026-05-02T00:00:00Z', '2028-05-02T00:00:00Z']) }
  if (often(0.6)) context['aws:PrincipalTag/team'] = pick(['a', 'b', 'ab', ''])
  if (often(0.6)) context['aws:SecureTransport'] = pick(['true', 'false'])
  if (often(0.5)) context['aws:SourceIp'] = pick(['10.1.1.1', '10.200.0.1', '11.0.0.1'])
  if (often(0.4)) context['aws:TagKeys'] = pick([['a'], ['a', 'b'], ['c'], ['a', 'c']])
  if (often(0.5)) context['aws:RequestedRegion'] = pick(['eu-west-1', 'a'])
  if (often(0.4)) context['aws:MultiFactorAuthAge'] = pick(['100', '500'])
  if (principal.includes(':user/')) context['aws:username'] = principal.split('/')[1]
  context['aws:PrincipalArn'] = principal.includes('assumed-role') ? `arn:aws:iam::${OURS}:role/app` : principal
  return {
    action, principal, context,
    resource: pick(RESOURCES[action]),
    identity: Array.from({ length: Math.floor(random() * 3) }, () => policy('identity')),
    resourcePolicy: often(0.5) ? policy(action === 'sts:AssumeRole' ? 'trust' : 'resource') : undefined,
    boundary: often(0.2) ? policy('identity') : undefined,
    scp: often(0.2) ? policy('identity') : undefined,
  }
}

/** A question as a line of `--batch evaluate`. */
const line = (q, id) => JSON.stringify({
  id,
  request: { action: q.action, resource: q.resource, principal: q.principal, resource_account: OURS, context: q.context },
  identity_policies: q.identity,
  resource_policy: q.resourcePolicy ?? null,
  permission_boundaries: q.boundary ? [q.boundary] : [],
  service_control_policies: q.scp ? [[q.scp]] : [],
})

/** The same question in the peer's words. */
const simulation = (q) => ({
  request: {
    principal: q.principal, action: q.action, resource: { resource: q.resource, accountId: OURS },
    contextVariables: q.context,
  },
  identityPolicies: q.identity.map((policy, nth) => ({ name: `p${nth}`, policy })),
  serviceControlPolicies: q.scp ? [{ orgIdentifier: 'o', policies: [{ name: 's', policy: q.scp }] }] : [],
  resourceControlPolicies: [],
  ...(q.resourcePolicy ? { resourcePolicy: q.resourcePolicy } : {}),
  ...(q.boundary ? { permissionBoundaryPolicies: [{ name: 'b', policy: q.boundary }] } : {}),
})

/** The kind of a difference that the documents explain. */
function kind(q, ours, theirs) {
  const texts = JSON.stringify([q.identity, q.resourcePolicy, q.boundary, q.scp])
  if (q.action === 'sts:GetCallerIdentity') return 'needs no permission'
  if (q.principal.endsWith(':root') && ours === 'Allowed') return 'root user'
  if (q.principal.includes('federated-user') && theirs === 'Allowed') return 'federated user without session policy'
  if (q.action === 'sts:AssumeRole' && !q.resourcePolicy && theirs === 'Allowed') return 'no trust policy given'
  if (texts.includes('${')) return 'variable without value'
  if (texts.includes('"NotPrincipal"') && ours === 'ExplicitlyDenied') return 'NotPrincipal'
  return undefined
}

const questions = Array.from({ length: Number(decisions) }, question)
const input = questions.map(line).join('\n') + '\n'
const answers = spawnSync(engine, ['--batch', 'evaluate'], { input, maxBuffer: 2 ** 30 }).stdout.toString().trim().split('\n')
const counts = { same: 0, refused: 0 }
let unexplained = 0
for (const [nth, q] of questions.entries()) {
  const ours = JSON.parse(answers[nth]).decision
  const result = await runSimulation(simulation(q), {})
  const theirs = result.resultType === 'error' ? undefined : JSON.stringify(result).match(/"result":"(\w+)"/)?.[1]
  const why = theirs === undefined ? 'refused' : ours === theirs ? 'same' : kind(q, ours, theirs)
  if (why) {
    counts[why] = (counts[why] ?? 0) + 1
  } else {
    unexplained += 1
    console.log(ours, theirs, line(q, nth))
  }
}
console.log(JSON.stringify(counts), 'unexplained', unexplained)
process.exit(unexplained ? 1 : 0)
